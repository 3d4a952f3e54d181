import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { compiledProgram } from './compiled-program.js';
import type { CrashResult } from './crash-case.js';
import { createEmptyStore, runCrashCase } from './crash-case.js';
import { violationsOf } from './violations.js';

/**
 * Every failpoint, and how often the workload passes it. Each write passes those of the store
 * between two others, so a third of their passes is enough.
 */
const PASSES = {
  'begin.before': 6,
  'begin.after': 6,
  'register.before': 7,
  'register.after': 7,
  'change.before': 1,
  'change.after': 1,
  'decide.before': 4,
  'decide.after': 4,
  'phase2.before': 7,
  'phase2.after': 7,
  'outcome.before': 3,
  'outcome.after': 3,
  'end.before': 5,
  'end.after': 5,
  'store.commit': 24,
  'store.sync': 24,
} as const;

const POINTS = Object.entries(PASSES);

/** Where recovery is killed in its turn: each case takes the next one. */
const RECOVERY_KILLS = [
  undefined,
  'store.commit@1',
  'store.sync@1',
  'store.commit@3',
  'decide.after@1',
  'phase2.before@1',
  'phase2.after@1',
  'end.before@1',
];

const PARALLEL = 2;
const TIMEOUT_MS = 120_000;

/** What a killed process has written is in the hands of the system; the disk adds only waiting. */
const PARENT = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

let root = '';
let program = '';
let emptyStore = '';
let caseCount = 0;

beforeAll(async () => {
  root = mkdtempSync(join(PARENT, 'dtx-crash-'));
  program = compiledProgram(join(root, 'program'));
  emptyStore = await createEmptyStore(program, root);
});

afterAll(() => {
  rmSync(root, { recursive: true, force: true });
});

function killAt(point: string, pass: number, bug?: 'early'): Promise<CrashResult> {
  caseCount += 1;
  const recovery = RECOVERY_KILLS[caseCount % RECOVERY_KILLS.length];
  return runCrashCase({
    program,
    emptyStore,
    folder: join(root, String(caseCount)),
    failpoints: `kill:${point}@${String(pass)}`,
    ...(bug === undefined &&
      recovery !== undefined && { failpointsOfRecovery: `kill:${recovery}` }),
    ...(bug !== undefined && { bug }),
  });
}

/** Runs the cases, a few at a time. */
async function inParallel<T>(works: readonly (() => Promise<T>)[]): Promise<T[]> {
  const results: T[] = [];
  const queue = [...works.entries()];
  const worker = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      results[next[0]] = await next[1]();
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, worker));
  return results;
}

function passesOf(point: string, count: number): number[] {
  const passes = Array.from({ length: count }, (_none, index) => index + 1);
  return point.startsWith('store.') ? passes.filter((pass) => pass % 3 === 1) : passes;
}

describe('A process that is killed', () => {
  it.each(POINTS)(
    'at %s (of %i passes) keeps what it has told, and finishes what it has decided',
    async (point, count) => {
      const passes = passesOf(point, count);

      const results = await inParallel(passes.map((pass) => () => killAt(point, pass)));

      expect(results.flatMap(violationsOf)).toEqual([]);
      // How many writes share a batch is up to the machine, so the last passes may not come.
      const killed = results.filter(({ wasKilled }) => wasKilled).length;
      expect(killed).toBeGreaterThanOrEqual(Math.ceil(passes.length * 0.7));
    },
    TIMEOUT_MS,
  );
});

describe('The crash test itself', () => {
  it('kills at every failpoint that the workload passes', async () => {
    const folder = join(root, 'recorded');
    const file = join(root, 'points');

    const result = await runCrashCase({
      program,
      emptyStore,
      folder,
      failpoints: `record:${file}`,
    });

    const names = readFileSync(file, 'utf8').trimEnd().split('\n');
    const seen = new Set(names.filter((name) => !name.startsWith('purge.')));
    expect([...seen].sort()).toEqual(Object.keys(PASSES).sort());
    expect(result.wasKilled).toBe(false);
    expect(violationsOf(result)).toEqual([]);
    expect(Object.values(result.endings).sort()).toEqual([
      'committed',
      'committed',
      'rolled-back',
      'rolled-back',
      'rolled-back',
      'rolled-back',
    ]);
  });

  it(
    'finds a coordinator that answers before it has written',
    async () => {
      const passes = passesOf('phase2.before', 5);

      const results = await inParallel(
        passes.map((pass) => () => killAt('phase2.before', pass, 'early')),
      );

      const rules = new Set(results.flatMap(violationsOf).map((found) => found.split(':')[0]));
      expect(rules).toContain('PROMISE');
    },
    TIMEOUT_MS,
  );
});
