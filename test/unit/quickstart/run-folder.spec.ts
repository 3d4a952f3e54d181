import { appendFile, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { RunFolder } from '../../../sample/01-quickstart/run-folder.js';

const input = { file: 'orders.csv', sha256: 'abc' };

describe('the folder of a run', () => {
  let path: string;
  let folder: RunFolder;

  beforeEach(async () => {
    path = await mkdtemp(join(tmpdir(), 'dtx-run-'));
    folder = new RunFolder(path);
  });

  afterEach(async () => {
    await rm(path, { recursive: true, force: true });
  });

  it('keeps what the run is about', async () => {
    expect(await folder.findEarlier()).toBeUndefined();

    await folder.begin(input);
    expect(await new RunFolder(path).findEarlier()).toEqual({ ...input, begun: true });
  });

  it('keeps which run was started last, though it was killed before it began', async () => {
    await folder.begin(input);
    await folder.announce({ file: 'other.csv', sha256: 'def' });
    expect(await folder.findEarlier()).toEqual({
      file: 'other.csv',
      sha256: 'def',
      begun: false,
    });

    await folder.clear();
    await folder.begin({ file: 'other.csv', sha256: 'def' });
    expect(await folder.findEarlier()).toEqual({ file: 'other.csv', sha256: 'def', begun: true });
  });

  it('keeps the outcomes, also after a line that a killed run wrote half', async () => {
    await folder.record('A1', 'COMMITTED');
    await appendFile(join(path, 'outcomes.jsonl'), '\n["A2","OUT_OF');
    await folder.record('A3', 'OUT_OF_STOCK');

    expect(await folder.readOutcomes()).toEqual(
      new Map([
        ['A1', 'COMMITTED'],
        ['A3', 'OUT_OF_STOCK'],
      ]),
    );
  });

  it('forgets everything of the run when it is cleared', async () => {
    await folder.begin(input);
    await folder.record('A1', 'COMMITTED');
    await writeFile(`${folder.coordinatorStore}-wal`, '');

    await folder.clear();
    expect(await readdir(path)).toEqual([]);
  });
});
