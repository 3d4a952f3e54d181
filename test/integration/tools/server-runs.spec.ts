import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { removeMariadb, startMariadb } from '../../../tools/mariadb/index.js';
import { ServerRuns } from '../../../tools/machine/index.js';
import { describeMariadb } from '../../servers/test-mariadb.js';

describeMariadb('The servers of test runs', () => {
  let parent: string;

  beforeEach(async () => {
    parent = await mkdtemp(join(tmpdir(), 'dtx-runs-'));
  });

  afterEach(async () => {
    for (const run of await readdir(parent)) await removeMariadb(join(parent, run));
    await rm(parent, { recursive: true, force: true });
  });

  const startIn = (run: string) =>
    startMariadb({ dataDir: join(parent, run), durable: false, required: true });

  it('end with the next run when theirs was killed, and live on while theirs lives', async () => {
    const dead = await startIn(String(spawnSync(process.execPath, ['--eval', '']).pid));
    const living = await startIn(String(process.ppid));
    const runs = new ServerRuns(parent, removeMariadb);

    await runs.begin();
    expect((await readdir(parent)).sort()).toEqual(
      [String(process.pid), String(process.ppid)].sort(),
    );
    expect([isAlive(dead!.pid), isAlive(living!.pid)]).toEqual([false, true]);
  });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
