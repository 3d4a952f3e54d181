import type { Told as Answer } from '../process/messages.js';
import type { SessionRecord } from './books.js';
import type { Entry, Outcome, Part } from './entries.js';
import { BALANCE } from './entries.js';

export interface Told {
  readonly told: Answer;
  readonly why: string;
}

interface Evidence {
  readonly entries: readonly Entry[];
  readonly sessions: ReadonlyMap<number, SessionRecord | undefined>;
  /** By xid: how its TCC branches stand in the databases. */
  readonly fences: ReadonlyMap<string, readonly string[]>;
  readonly told: ReadonlyMap<number, Told>;
  readonly expected?: Outcome;
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
  const fences = evidence.fences.get(session?.xid ?? '') ?? [];
  const found = [...judgePurses(entry), ...judgeFences(entry, session, fences)];
  const outcome = outcomeOf(entry);
  if (outcome === undefined) return [...found, `TORN: ${shown}`];
  if (session?.needsAttention === true) found.push(`PARKED: ${session.branches}`);
  if (expected !== undefined && outcome !== expected) found.push(`NOT AS DECIDED: ${shown}`);
  if ((session?.status === 'committed') !== (outcome === 'committed')) {
    found.push(`RECORD: ${shown}`);
  }
  if (isWrong(answer?.told, outcome)) found.push(`PROMISE: ${shown}`);
  return found;
}

function outcomeOf({ parts }: Entry): Outcome | undefined {
  const [first] = parts;
  return parts.every(({ outcome }) => outcome === first?.outcome) ? first?.outcome : undefined;
}

function isWrong(told: Answer | undefined, outcome: Outcome): boolean {
  if (told === undefined || told === 'unknown') return false;
  return (told === 'committed') !== (outcome === 'committed');
}

/** What may be done in a purse, in which order: anything else is an effect that must not be. */
const RIGHT_MOVEMENTS: readonly string[] = ['', 'try,confirm', 'try,cancel'];

function judgePurses({ id, parts }: Entry): string[] {
  return parts
    .filter(({ mode }) => mode === 'TCC')
    .flatMap(({ amount, movements, role }: Part) => {
      const where = `purse ${String(id)} at ${role}`;
      const done = String(movements);
      return [
        ...(amount === 0 ? [] : [`RESERVED: ${String(amount)} in ${where}, after ${done}`]),
        ...(RIGHT_MOVEMENTS.includes(done) ? [] : [`EFFECT: ${done} in ${where}`]),
      ];
    });
}

/** A committed transaction has confirmed all its branches, and any other one none. */
function judgeFences(
  { id, parts }: Entry,
  session: SessionRecord | undefined,
  fences: readonly string[],
): string[] {
  const isCommitted = session?.status === 'committed';
  const allowed = isCommitted ? ['confirmed'] : ['cancelled', 'tombstone'];
  const count = parts.filter(({ mode }) => mode === 'TCC').length;
  const isRight =
    fences.every((state) => allowed.includes(state)) && (!isCommitted || fences.length === count);
  if (isRight) return [];
  return [`FENCE: ${String(id)} is ${session?.status ?? 'unknown'}, its fences: ${String(fences)}`];
}

/** The foreign value stays, the rest is undone, and somebody is told. */
function judgeDirty(
  { parts }: Entry,
  dirtyBalance: number,
  session: SessionRecord | undefined,
  shown: string,
): readonly string[] {
  const [left, right] = parts;
  const isRight =
    left?.balance === dirtyBalance &&
    right?.balance === BALANCE &&
    parts.every(({ amount }) => amount === undefined) &&
    session?.needsAttention === true;
  return isRight ? [] : [`DIRTY: ${shown}`];
}
