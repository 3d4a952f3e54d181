import type { Told as Answer } from '../process/messages.js';
import { AMOUNT } from '../process/participant.js';
import type { Entry, SessionRecord } from './books.js';

/** Of every account before its only transfer. */
export const BALANCE = 100;

export interface Told {
  readonly told: Answer;
  readonly why: string;
}

interface Evidence {
  readonly entries: readonly Entry[];
  readonly sessions: ReadonlyMap<number, SessionRecord | undefined>;
  readonly told: ReadonlyMap<number, Told>;
  readonly expected?: 'committed' | 'rolled-back';
  /** What somebody outside has written to the account of P1. */
  readonly dirtyBalance?: number;
}

/** What the databases, the coordinator and the client say, and do not agree on. */
export function judge(evidence: Evidence): readonly string[] {
  return evidence.entries.flatMap((entry) => judgeOne(entry, evidence));
}

function judgeOne(entry: Entry, evidence: Evidence): readonly string[] {
  const { dirtyBalance, expected } = evidence;
  const session = evidence.sessions.get(entry.id);
  const answer = evidence.told.get(entry.id);
  const shown = JSON.stringify({ ...entry, session: session?.status, told: answer });
  if (dirtyBalance !== undefined) return judgeDirty(entry, dirtyBalance, session, shown);
  const outcome = outcomeOf(entry);
  if (outcome === undefined) return [`TORN: ${shown}`];
  const found: string[] = [];
  if (session?.needsAttention === true) found.push(`PARKED: ${session.branches}`);
  if (expected !== undefined && outcome !== expected) found.push(`NOT AS DECIDED: ${shown}`);
  if ((session?.status === 'committed') !== (outcome === 'committed')) {
    found.push(`RECORD: ${shown}`);
  }
  if (isWrong(answer?.told, outcome)) found.push(`PROMISE: ${shown}`);
  return found;
}

function outcomeOf({ balances, bookings }: Entry): 'committed' | 'rolled-back' | undefined {
  const is = (...wanted: readonly (number | undefined)[]): boolean =>
    [...balances, ...bookings].every((value, index) => value === wanted[index]);
  if (is(BALANCE - AMOUNT, BALANCE + AMOUNT, -AMOUNT, AMOUNT)) return 'committed';
  return is(BALANCE, BALANCE, undefined, undefined) ? 'rolled-back' : undefined;
}

function isWrong(told: Answer | undefined, outcome: 'committed' | 'rolled-back'): boolean {
  if (told === undefined || told === 'unknown') return false;
  return (told === 'committed') !== (outcome === 'committed');
}

/** The foreign value stays, the rest is undone, and somebody is told. */
function judgeDirty(
  { balances, bookings }: Entry,
  dirtyBalance: number,
  session: SessionRecord | undefined,
  shown: string,
): readonly string[] {
  const isRight =
    balances[0] === dirtyBalance &&
    balances[1] === BALANCE &&
    bookings.every((value) => value === undefined) &&
    session?.needsAttention === true;
  return isRight ? [] : [`DIRTY: ${shown}`];
}
