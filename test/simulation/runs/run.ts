import { isDeepStrictEqual } from 'node:util';

import type { Session } from '../../../lib/coordinator/index.js';
import type { SessionStore } from '../../../lib/coordinator/store/index.js';
import type { Report, Violation } from '../checks/index.js';
import { checkRest, checkSafety } from '../checks/index.js';
import { BEGINNING_MS, Rng, Trace, sealed } from '../kernel/index.js';
import type { Product } from './product.js';
import type { Scenario } from './scenario.js';
import { World } from './world.js';

/** What came of a run. */
export interface RunResult {
  /** Of its trace: 64 hexadecimal digits. */
  readonly digest: string;
  readonly transactions: number;
  /** Those of them that were committed. */
  readonly committed: number;
  readonly crashes: number;
  readonly violations: readonly Violation[];
  /** Port calls of each process until the faults stopped. */
  readonly portCalls: Readonly<Record<string, number>>;
}

interface RunOptions {
  readonly product: Product;
  readonly seed: number;
  /** Draws what the run is made of. */
  readonly scenario: (rng: Rng) => Scenario;
  /** Gets each line of the trace. */
  readonly print?: (line: string) => void;
}

/** A run that has gone wrong goes wrong in many places; the first ones tell most. */
const VIOLATIONS_MAX = 20;

/** By this time old records have been looked for, by clocks that may be slow. */
const PURGE_MS = 58_000;

/** Runs one seed: faults first, then peace, and then everything is looked through. */
export async function runSeed({ print, product, scenario, seed }: RunOptions): Promise<RunResult> {
  const rng = new Rng(seed);
  const trace = new Trace(print);
  const violations: Violation[] = [];
  const report: Report = (checker, message) => {
    trace.add(`VIOLATION ${checker} ${message}`);
    if (violations.length < VIOLATIONS_MAX) violations.push({ checker, message });
  };
  const drawn = scenario(rng);
  const engine = await openEngine(product, drawn.engine);
  const world = new World({ product, scenario: drawn, engine, rng, trace, report });
  const onRejection = (error: unknown): void => {
    report('ERROR', `a promise was left alone: ${String(error)}`);
  };
  let counts: Counts = { crashes: 0, lateWriteCount: 0, portCalls: {} };
  process.on('unhandledRejection', onRejection);
  try {
    counts = await sealed(() => live(world, drawn));
    look(world, counts, report);
    await compare(engine, world, drawn, report);
  } catch (error) {
    report('ERROR', String((error as Error).stack ?? error));
  } finally {
    process.off('unhandledRejection', onRejection);
    await engine.close();
  }
  return {
    digest: trace.digest(),
    transactions: world.witness.intents.size,
    committed: [...world.history.sessions.values()].filter(isCommitted).length,
    violations,
    crashes: counts.crashes,
    portCalls: counts.portCalls,
  };
}

interface Counts extends Pick<RunResult, 'crashes' | 'portCalls'> {
  /** What was written in the last seconds, when all was over. */
  readonly lateWriteCount: number;
}

/** At the end of a run nothing is left to do, and nothing may be done. */
const REST_MS = 5_000;

/** Returns what had happened when the faults stopped. */
async function live(world: World, { faultMs, healMs }: Scenario): Promise<Counts> {
  world.start();
  await world.queue.runUntil(faultMs);
  const portCalls = world.processes.map(
    ({ name, portCallCount }) => [name, portCallCount] as const,
  );
  const crashes = world.processes.reduce((sum, { crashCount }) => sum + crashCount, 0);
  world.heal();
  const endMs = faultMs + healMs;
  await world.queue.runUntil(endMs - REST_MS);
  const { writeCount } = world.store;
  await world.queue.runUntil(endMs);
  const lateWriteCount = world.store.writeCount - writeCount;
  return { crashes, lateWriteCount, portCalls: Object.fromEntries(portCalls) };
}

function look(world: World, { lateWriteCount }: Counts, report: Report): void {
  const { coordinators, history, initialSum, isClockWild, ledgers, witness } = world;
  const timers = new Map(
    coordinators.map(({ life, name }) => [name, life?.timerCount ?? Infinity] as const),
  );
  const held = new Map(
    coordinators.map(({ life, name }) => [name, life?.heldCount?.() ?? Infinity] as const),
  );
  const sum = initialSum;
  const remains = { history, witness, ledgers, sum, timers, held, lateWriteCount };
  checkSafety(remains, report);
  if (!isClockWild) checkRest(remains, report);
}

/** What the store holds is what has been written to it, and what is old is gone. */
async function compare(
  engine: SessionStore,
  { history, isClockWild }: World,
  { faultMs, healMs, retentionMs }: Scenario,
  report: Report,
): Promise<void> {
  const written = [...history.sessions.values()];
  const held = await engine.load(written);
  const mayGoMs = BEGINNING_MS + faultMs + healMs - retentionMs;
  const mustGoMs = BEGINNING_MS + PURGE_MS - retentionMs;
  written.forEach((session, index) => {
    const { endedAtMs = Infinity, xid } = session;
    const found = held[index];
    if (found === undefined && (endedAtMs < mayGoMs || isClockWild)) return;
    if (!isDeepStrictEqual(found, session)) {
      report('STORE', `${xid}: the store holds something else than was written`);
    } else if (endedAtMs < mustGoMs && !isClockWild && healMs > PURGE_MS) {
      report('LEAK', `${xid}: its record is older than it may become`);
    }
  });
}

const isCommitted = ({ status }: Session): boolean => status === 'committed';

function openEngine(product: Product, engine: Scenario['engine']): Promise<SessionStore> {
  if (engine === 'sqlite') return product.openSqliteStore(':memory:');
  return Promise.resolve(new product.MemorySessionStore());
}
