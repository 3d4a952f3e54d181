import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { withBuildLock } from '../../scripts/build-lock.mjs';
import { run } from '../../scripts/command.mjs';
import { countLine, sum } from '../../scripts/counts.mjs';

const NODE = process.execPath;
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dtx-scripts-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe('The build lock', () => {
  const lock = () => join(folder, 'build.lock');

  it('is held while the body runs, and free afterwards', () => {
    expect(withBuildLock(lock(), () => existsSync(lock()))).toBe(true);
    expect(existsSync(lock())).toBe(false);
  });

  it('is free after a body that throws', () => {
    const body = () => {
      throw new Error('no build');
    };

    expect(() => withBuildLock(lock(), body)).toThrow('no build');
    expect(existsSync(lock())).toBe(false);
  });

  it('is taken over from a process that was killed', () => {
    const { pid } = spawnSync(NODE, ['--eval', '']);
    writeFileSync(lock(), String(pid));

    expect(withBuildLock(lock(), () => 'built')).toBe('built');
  });

  it('lets one process after the other work', async () => {
    // Each process reads a number and writes the next one: without the lock they overwrite each
    // other's. The pause between the two keeps the processes in each other's way although they do
    // not start at the same instant.
    const script = join(process.cwd(), 'scripts/build-lock.mjs');
    const program = `
      import { readFileSync, writeFileSync } from 'node:fs';
      import { withBuildLock } from ${JSON.stringify(script)};
      const file = 'counter';
      for (let i = 0; i < 40; i += 1) {
        withBuildLock('build.lock', () => {
          const count = Number(readFileSync(file, 'utf8'));
          Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 3);
          writeFileSync(file, String(count + 1));
        });
      }`;
    writeFileSync(join(folder, 'program.mjs'), program);
    writeFileSync(join(folder, 'counter'), '0');

    const children = [1, 2, 3].map(() => spawn(NODE, ['program.mjs'], { cwd: folder }));
    const statuses = await Promise.all(children.map((child) => once(child, 'exit')));

    expect(statuses.map(([status]) => status as number)).toEqual([0, 0, 0]);
    expect(readFileSync(join(folder, 'counter'), 'utf8')).toBe('120');
  });
});

describe('A command', () => {
  it('is reported with its output and status', async () => {
    const program = 'process.stderr.write("b"); process.stdout.write("a"); process.exit(3)';

    const outcome = await run([NODE, '--eval', program]);

    expect(outcome).toMatchObject({ ok: false, stdout: 'a' });
    expect(outcome.output).toHaveLength(2);
  });

  it('that does not exist is reported as failed', async () => {
    expect(await run([join(folder, 'nothing')])).toMatchObject({ ok: false });
  });

  it('is killed with all that it has started when its time is up', async () => {
    const program = `
      const { spawn } = require('node:child_process');
      const endless = ['--eval', 'setInterval(() => {}, 1000)'];
      const child = spawn(process.execPath, endless, { stdio: 'inherit' });
      process.stdout.write(String(child.pid));`;

    const { ok, stdout, output } = await run([NODE, '--eval', program], { limitMs: 1000 });

    expect(ok).toBe(false);
    expect(output).toContain('Killed after 1 s.');
    // The output ends when the last process that could write to it has ended.
    expect(Number(stdout)).toBeGreaterThan(0);
  });
});

describe('The count of tests', () => {
  it('is the sum of all steps, with the skipped ones only where there are any', () => {
    const one = { passed: 1, failed: 0, skipped: 0 };

    expect(countLine(sum([one, one]))).toBe('2 passed, 0 failed');
    expect(countLine(sum([one, { passed: 2, failed: 3, skipped: 4 }]))).toBe(
      '3 passed, 3 failed, 4 skipped',
    );
  });
});
