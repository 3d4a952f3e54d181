import type { Violation } from '../checks/index.js';
import type { CrashMoment } from '../kernel/index.js';
import type { Product } from './product.js';
import type { RunResult } from './run.js';
import { runSeed } from './run.js';
import type { Arrangement } from './scenario.js';
import { calmScenario } from './scenario.js';

/** One crash of one process at one of its port calls. */
export interface CrashCase {
  readonly arrangement: Arrangement;
  readonly process: string;
  readonly call: number;
  readonly moment: CrashMoment;
  readonly downMs: number;
  /** It crashes once more at this port call behind the first one: in its recovery. */
  readonly again?: number;
}

export interface FailedCase {
  /** 1 for the first one. */
  readonly number: number;
  readonly crash: CrashCase;
  readonly violation: Violation;
}

export interface ExhaustiveResult {
  readonly points: number;
  readonly cases: number;
  readonly failed: readonly FailedCase[];
}

export interface ExhaustiveOptions {
  readonly product: Product;
  /** Only the case of this number. */
  readonly only?: number | undefined;
  /** Gets each line of the trace. */
  readonly print?: (line: string) => void;
  readonly onProgress?: (doneCount: number, count: number) => void;
}

const ARRANGEMENTS: readonly Arrangement[] = ['shared', 'single'];
const MOMENTS: readonly CrashMoment[] = ['before', 'after'];

/** A moment, and much longer than the lease of a session. */
const SHORT_MS = 100;
const LONG_MS = 12_000;
const DOWN_TIMES_MS = [SHORT_MS, LONG_MS];

/** The recovery is hit at its first and at its third port call. */
const AGAIN = [1, 3];

/** One schedule for all cases: whatever differs comes from the crash. */
const SEED = 1;

/**
 * Counts the port calls of each process in a run without faults, and runs it again with one crash
 * before and after each of them, for each down-time, and with a second one in the recovery.
 */
export async function runExhaustively(options: ExhaustiveOptions): Promise<ExhaustiveResult> {
  const { onProgress, only, print, product } = options;
  const points: CrashPoint[] = [];
  for (const arrangement of ARRANGEMENTS) points.push(...(await pointsOf(product, arrangement)));
  const all = points.flatMap(casesOf).map((crash, index) => ({ crash, number: index + 1 }));
  const cases = all.filter(({ number }) => only === undefined || number === only);
  const failed: FailedCase[] = [];
  for (const [index, { crash, number }] of cases.entries()) {
    const [violation] = (await runCase(product, crash, print)).violations;
    if (violation !== undefined) failed.push({ number, crash, violation });
    onProgress?.(index + 1, cases.length);
  }
  return { points: points.length, cases: cases.length, failed };
}

type CrashPoint = Pick<CrashCase, 'arrangement' | 'process' | 'call'>;

function casesOf(point: CrashPoint): readonly CrashCase[] {
  const once = MOMENTS.flatMap((moment) =>
    DOWN_TIMES_MS.map((downMs) => ({ ...point, moment, downMs })),
  );
  const twice = AGAIN.map((again) => {
    return { ...point, moment: 'after' as const, downMs: SHORT_MS, again };
  });
  return [...once, ...twice];
}

/** @throws Error when the run does not even go well without a crash */
async function pointsOf(
  product: Product,
  arrangement: Arrangement,
): Promise<readonly CrashPoint[]> {
  const { portCalls, violations } = await runSeed({
    product,
    seed: SEED,
    scenario: () => calmScenario(arrangement),
  });
  const [violation] = violations;
  if (violation !== undefined) throw new Error(`Without a crash: ${violation.message}`);
  return Object.entries(portCalls).flatMap(([process, count]) =>
    Array.from({ length: count }, (_, index) => ({ arrangement, process, call: index + 1 })),
  );
}

function runCase(
  product: Product,
  crash: CrashCase,
  print?: (line: string) => void,
): Promise<RunResult> {
  const { again = 0, arrangement, call, downMs, moment, process } = crash;
  const scenario = calmScenario(arrangement, {
    momentAt: (name, count) => {
      const isMeant = count === call || count === call + again;
      return name === process && isMeant ? moment : undefined;
    },
    downMs: () => downMs,
  });
  return runSeed({ product, seed: SEED, scenario: () => scenario, ...(print && { print }) });
}
