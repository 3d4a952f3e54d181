import type { CrashResult } from './crash-case.js';
import type { Entry } from './journal.js';

type Direction = 'commit' | 'rollback';

const DIRECTION_OF: Readonly<Record<string, Direction>> = {
  committing: 'commit',
  committed: 'commit',
  'rolling-back': 'rollback',
  'rolled-back': 'rollback',
};

/** What must not be, in words; empty when everything is as it was promised. */
export function violationsOf(result: CrashResult): string[] {
  const xids = [...new Set(result.journal.map(({ xid }) => xid))];
  const found = xids.flatMap((xid) =>
    violationsOfOne({
      xid,
      entries: result.journal.filter((entry) => entry.xid === xid),
      ending: result.endings[xid] ?? 'missing',
      decisions: result.history
        .filter((entry) => entry.startsWith(`${xid} `))
        .map((entry) => DIRECTION_OF[entry.slice(xid.length + 1)]),
    }),
  );
  if (result.openCount > 0) found.push(`LEAK: ${String(result.openCount)} open rows are left`);
  return found;
}

interface One {
  readonly xid: string;
  readonly entries: readonly Entry[];
  readonly ending: string;
  readonly decisions: readonly (Direction | undefined)[];
}

function violationsOfOne({ xid, entries, ending, decisions }: One): string[] {
  const direction = DIRECTION_OF[ending];
  const say = (rule: string, what: string): string => `${rule}: ${xid} ${what}, ends ${ending}`;
  const found: string[] = [];
  if (new Set(decisions).size > 1) found.push(say('DECISION', `had ${decisions.join(', ')}`));
  for (const what of of(entries, 'told').map((entry) => entry.what)) {
    const promised = what === 'rollback-only' ? 'rollback' : DIRECTION_OF[what];
    if (promised !== undefined && promised !== direction) found.push(say('PROMISE', `was ${what}`));
    if (direction === undefined) found.push(say('FORGOTTEN', `was ${what}`));
  }
  if (direction === 'commit' && !of(entries, 'asked').some(({ what }) => what === 'commit')) {
    found.push(say('PRESUMED', 'was never to be committed'));
  }
  for (const finished of of(entries, 'finished')) {
    if (finished.direction !== direction)
      found.push(say('ATOMICITY', `had a ${finished.direction}`));
  }
  const order = [...new Set(of(entries, 'finished').map(({ branchId }) => branchId))];
  const worked = of(entries, 'worked').map(({ branchId }) => branchId);
  for (const branchId of worked) {
    if (!order.includes(branchId)) found.push(say('UNFINISHED', `has branch ${branchId}`));
  }
  const wanted = [...worked].reverse();
  const restored = order.filter((branchId) => worked.includes(branchId));
  if (direction === 'rollback' && restored.join() !== wanted.join()) {
    found.push(say('ORDER', `restored ${restored.join()}`));
  }
  return found;
}

function of<K extends Entry['kind']>(
  entries: readonly Entry[],
  kind: K,
): Extract<Entry, { kind: K }>[] {
  return entries.filter((entry): entry is Extract<Entry, { kind: K }> => entry.kind === kind);
}
