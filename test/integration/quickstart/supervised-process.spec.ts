import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { ProcessGroup } from '../../../sample/support/process-group.js';
import { until } from '../../support/until.js';

/** Ends with 0 when it is asked to, and fails when it meets a file of that name. */
const WELL = `process.on('SIGTERM', () => process.exit(0));
setInterval(() => undefined, 1_000);
console.log('it is already started\\nready: ' + process.argv[1]);`;

const UNWELL = `console.error('already out of luck'); process.exitCode = 3;`;

/** Well the first time, unwell from then on. */
const WELL_ONCE = `const { existsSync, writeFileSync } = require('node:fs');
const mark = process.env.MARK;
if (existsSync(mark)) { ${UNWELL} } else { writeFileSync(mark, ''); ${WELL} }`;

describe('a group of processes', () => {
  let folder: string;
  let group: ProcessGroup;
  let killed: string[];

  const program = (name: string, code: string) => ({
    name,
    command: ['--eval', code, name] as const,
    env: { MARK: join(folder, 'mark') },
    onKilled: (...args: unknown[]) => killed.push(args.join(' ')),
  });

  const logOf = (name: string) => readFile(join(folder, `${name}.log`), 'utf8');

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'dtx-group-'));
    group = new ProcessGroup(folder);
    killed = [];
  });

  afterEach(async () => {
    await group.close();
    await rm(folder, { recursive: true, force: true });
  });

  it('runs when all of them say that they are ready, and keeps what they print', async () => {
    await group.start([program('a', WELL), program('b', WELL)]);

    expect(isAlive(group.get('a').pid)).toBe(true);
    expect(isAlive(group.get('b').pid)).toBe(true);
    // Ready is known when the line has come, a moment before it has reached the file.
    await until(async () => (await logOf('b')) === 'it is already started\nready: b\n');
  });

  it('starts a killed one again, and counts', async () => {
    await group.start([program('a', WELL)]);
    const first = group.get('a').pid;
    await group.get('a').kill();
    const second = group.get('a').pid;
    await group.get('a').kill();

    expect(second).not.toBe(first);
    expect(isAlive(first)).toBe(false);
    expect(isAlive(group.get('a').pid)).toBe(true);
    expect(group.get('a').kills).toBe(2);
    expect(killed).toEqual(['a 1', 'a 2']);
    expect(group.failed.aborted).toBe(false);
  });

  it('starts one again that somebody else has killed', async () => {
    await group.start([program('a', WELL)]);
    const first = group.get('a').pid!;
    process.kill(first, 'SIGKILL');
    await until(() => group.get('a').pid !== undefined && group.get('a').pid !== first);

    expect(group.get('a').kills).toBe(1);
    expect(group.failed.aborted).toBe(false);
  });

  it('does not start when one of them ends, and says what that has printed', async () => {
    const started = group.start([program('a', WELL), program('b', UNWELL)]);

    await expect(started).rejects.toThrow(
      `The process b has ended by itself (3). See ${join(folder, 'b.log')}.\nalready out of luck`,
    );
  });

  it('fails when one of them ends that was not killed', async () => {
    await group.start([program('a', WELL)]);
    process.kill(group.get('a').pid!, 'SIGHUP');
    await until(() => group.failed.aborted);

    expect(() => {
      group.failed.throwIfAborted();
    }).toThrow('The process a has ended by itself (SIGHUP).');
  });

  it('fails when a killed one does not come back', async () => {
    await group.start([program('a', WELL_ONCE)]);

    await expect(group.get('a').kill()).rejects.toThrow('The process a has ended by itself (3).');
    expect(group.failed.aborted).toBe(true);
  });

  it('stops all of them, the last one first', async () => {
    await group.start([program('a', WELL), program('b', WELL)]);
    const pids = group.members.map(({ pid }) => pid);
    await group.close();

    expect(pids.map(isAlive)).toEqual([false, false]);
    expect(group.failed.aborted).toBe(false);
    expect(killed).toEqual([]);
  });
});

function isAlive(pid: number | undefined): boolean {
  try {
    return process.kill(pid ?? 0, 0);
  } catch {
    return false;
  }
}
