import { BEGINNING } from './at.js';
import type { Point, PointTable, Uncovered } from './point.interface.js';

type Participant = 'P1' | 'P2';

const BACK = { way: 'rollback', transfer: { fails: true } } as const;
const DECIDED = { way: 'commit', isDecided: true } as const;

/** PostgreSQL has neither XA START nor XA END. */
const STARTED = { P1: 'xa.begin@1', P2: 'xa.begun@1' } as const;
const ENDED = { P1: 'xa.worked@1', P2: 'xa.ended@1' } as const;

/** @param nth which branch of the transaction it is */
export function prepares(
  actor: Participant,
  from: number,
  nth = actor === 'P1' ? 1 : 2,
): readonly Point[] {
  const point = (number: number, at: string, what: string): Point => ({
    numbers: [number],
    actor,
    at,
    what,
    way: 'commit',
  });
  return [
    point(from, STARTED[actor], 'begun'),
    point(from + 1, 'local.worked@2', 'business SQL done'),
    point(from + 2, ENDED[actor], 'ended, not prepared'),
    {
      ...point(from + 3, `${'register.before>'.repeat(nth)}store.sync@1`, 'registration ambiguous'),
      actor: 'T',
    },
    point(from + 4, 'xa.prepare.sent@1', 'PREPARE ambiguous'),
    point(from + 5, 'xa.prepared@1', 'prepared, no answer'),
  ];
}

export function endsPrepared(actor: Participant, from: number): readonly Point[] {
  const nth = actor === 'P1' ? '1' : '2';
  const called = { numbers: [from], what: 'before the call', ...DECIDED };
  return [
    { ...called, actor: 'T', at: `phase2.before@${nth}` },
    { ...called, actor, at: 'xa.commit.before@1', what: 'call received' },
    { numbers: [from + 1], actor, at: 'xa.commit.sent@1', what: 'COMMIT ambiguous', ...DECIDED },
    { numbers: [from + 2], actor, at: 'xa.commit.after@1', what: 'no acknowledgement', ...DECIDED },
    {
      numbers: [from + 3],
      actor: 'T',
      at: `phase2.after@${nth}`,
      what: 'acknowledgement not recorded',
      ...DECIDED,
    },
  ];
}

export function rollsBackPrepared(actor: Participant, number: number): readonly Point[] {
  const back = { numbers: [number], actor, ...BACK };
  return [
    { ...back, at: 'xa.rollback.before@1', what: 'rollback: call received' },
    { ...back, at: 'xa.rollback.sent@1', what: 'rollback: ROLLBACK ambiguous' },
    { ...back, at: 'xa.rollback.after@1', what: 'rollback: no acknowledgement' },
  ];
}

const DECISION: readonly Point[] = [
  { numbers: [18], actor: 'C', at: 'client.worked@1', what: 'all prepared', way: 'commit' },
  { numbers: [18], actor: 'T', at: 'decide.before@1', what: 'commit received', way: 'commit' },
  {
    numbers: [19],
    actor: 'T',
    at: 'decide.before>store.sync@1',
    what: 'decision ambiguous',
    way: 'commit',
  },
  { numbers: [20], actor: 'T', at: 'decide.after@1', what: 'not answered', ...DECIDED },
  { numbers: [20], actor: 'C', at: 'client.answered@1', what: 'not returned', ...DECIDED },
];

const END: readonly Point[] = [
  { numbers: [29], actor: 'T', at: 'end.before>store.sync@1', what: 'end ambiguous', ...DECIDED },
  { numbers: [30], actor: 'T', at: 'decide.before@1', what: 'rollback: not decided', ...BACK },
  { numbers: [30], actor: 'T', at: 'decide.after@1', what: 'rollback: decided', ...BACK },
  { numbers: [30], actor: 'T', at: 'phase2.after@1', what: 'rollback: one branch done', ...BACK },
];

const asleep = {
  asleep: 'C',
  transfer: { timeoutMs: 600, isHeld: true },
  way: 'rollback',
} as const;

export const scans = (actor: Participant): Point => ({
  numbers: [31],
  actor,
  at: 'xa.prepared>xa.scan.listed@1',
  what: 'the scan has read its list',
  ...asleep,
});

export const XA_UNCOVERED: readonly Uncovered[] = [
  { numbers: [33], reason: 'a branch that has written is always prepared: there is no one phase' },
  { numbers: [35], reason: 'inside one process; test/integration/xa-* release open connections' },
];

/** Of a transaction that nobody knows any more; the one that runs meanwhile is not touched. */
const orphaned = (actor: Participant): Point => ({
  numbers: [32],
  actor,
  at: 'xa.scan.orphan@1',
  what: 'a prepared branch that is older than the horizon, before its rollback',
  way: 'commit',
  orphan: true,
});

/** A database that dies with a prepared branch (11), or between END and PREPARE (34). */
const withDatabase = (points: readonly Point[]): readonly Point[] =>
  points.map((point) => {
    if (point.actor === 'P1' && point.at === 'xa.prepared@1')
      return { ...point, numbers: [10, 11] };
    if (point.at === 'xa.ended@1') return { ...point, numbers: [...point.numbers, 34] };
    return point;
  });

export const XA_POINTS: PointTable = {
  total: 35,
  points: [
    ...BEGINNING,
    ...withDatabase([...prepares('P1', 5), ...prepares('P2', 12)]),
    ...DECISION,
    ...endsPrepared('P1', 21),
    ...endsPrepared('P2', 25),
    ...END,
    ...rollsBackPrepared('P1', 30),
    ...rollsBackPrepared('P2', 30),
    scans('P1'),
    scans('P2'),
    orphaned('P1'),
    orphaned('P2'),
  ],
  uncovered: XA_UNCOVERED,
};
