import type { Role } from '../process/messages.js';
import type { Point, PointTable } from './point.interface.js';

/** Points of phase one of a branch; `from` is the number of the first one. */
export function phaseOne(actor: Role, from: number): readonly Point[] {
  const n = (...offsets: number[]): number[] => offsets.map((offset) => from + offset);
  const nth = actor === 'P1' ? 1 : 2;
  const point = (numbers: number[], at: string, what: string, of: Role = actor): Point => ({
    numbers,
    actor: of,
    at,
    what,
    way: 'commit',
  });
  return [
    point(n(0), 'local.begin@1', 'before the local BEGIN'),
    point(n(4), 'at.register@1', 'before the registration is sent'),
    point(n(1), 'at.register.sent@1', 'registration sent, the statement not yet'),
    point(n(2), 'local.worked@1', 'first statement done, with images and undo row'),
    point(n(3), 'local.worked@2', 'last statement done, with images and undo row'),
    point(n(5), `register.before@${String(nth)}`, 'registration received, nothing durable', 'T'),
    point(n(6), `${'register.before>'.repeat(nth)}store.sync@1`, 'registration ambiguous', 'T'),
    point(n(7), `register.after@${String(nth)}`, 'registration durable, not answered', 'T'),
    point(n(8, 9), 'local.registered@1', 'registration answered, before COMMIT'),
    point(n(10), 'local.commit.sent@1', 'COMMIT ambiguous'),
    point(n(11), 'at.committed@1', 'committed, not returned'),
    {
      ...point(n(12), 'outcome.before@1', 'report of a local rollback received', 'T'),
      way: 'rollback',
      transfer: { refusesAt: actor as 'P1' | 'P2' },
    },
  ];
}

export function phaseTwoCommit(actor: Role, from: number): readonly Point[] {
  const isLeft = actor === 'P1';
  const decided = { way: 'commit', isDecided: true, actor } as const;
  const sent = isLeft ? 'at.forget.sent@1' : 'at.session.commit.sent@1';
  return [
    { ...decided, numbers: [from], at: 'at.commit.before@1', what: 'call received' },
    { ...decided, numbers: [from + 1], at: sent, what: 'delete of the undo rows ambiguous' },
    { ...decided, numbers: [from + 2], at: 'at.ended@1', what: 'deleted, no acknowledgement' },
    {
      ...decided,
      actor: 'T',
      numbers: [from + 3],
      at: `phase2.after@${isLeft ? '1' : '2'}`,
      what: 'acknowledgement received, not recorded',
    },
  ];
}

export function phaseTwoRollback(actor: Role, from: number): readonly Point[] {
  const back = { way: 'rollback', actor, transfer: { fails: true } } as const;
  return [
    { ...back, numbers: [from], at: 'at.rollback.before@1', what: 'call received' },
    { ...back, numbers: [from + 1], at: 'at.undo.locked@1', what: 'fence locked' },
    { ...back, numbers: [from + 2], at: 'at.undo.checked@1', what: 'rows compared' },
    { ...back, numbers: [from + 3], at: 'at.undo.row@1', what: 'first undo statement done' },
    { ...back, numbers: [from + 4], at: 'at.undo.restored@1', what: 'all rows restored' },
    {
      ...back,
      // The rows of the branch are its locks: they are released by this COMMIT.
      numbers: actor === 'P2' ? [from + 5, from + 9] : [from + 5],
      at: 'at.session.commit.sent@1',
      what: 'COMMIT ambiguous, and with it the release',
    },
    { ...back, numbers: [from + 6], at: 'at.ended@1', what: 'committed, no acknowledgement' },
    {
      ...back,
      actor: 'T',
      numbers: [from + 7, from + 8],
      at: `phase2.after@${actor === 'P2' ? '1' : '2'}`,
      what: 'acknowledgement received, not recorded',
    },
  ];
}

/** What happens at client and coordinator is the same for every kind of branch. */
export const BEGINNING: readonly Point[] = [
  { numbers: [1], actor: 'C', at: 'client.before@1', what: 'before begin', way: 'commit' },
  {
    numbers: [2],
    actor: 'T',
    at: 'begin.before@1',
    what: 'begin received, not durable',
    way: 'commit',
  },
  {
    numbers: [3],
    actor: 'T',
    at: 'begin.after@1',
    what: 'begin durable, not answered',
    way: 'commit',
  },
  { numbers: [4], actor: 'C', at: 'client.begun@1', what: 'no branch called', way: 'commit' },
];

const DECIDED = { way: 'commit', isDecided: true } as const;
const BACK = { way: 'rollback', transfer: { fails: true } } as const;

const DECISION: readonly Point[] = [
  { numbers: [31], actor: 'C', at: 'client.worked@1', what: 'all branches done', way: 'commit' },
  { numbers: [32], actor: 'T', at: 'decide.before@1', what: 'commit received', way: 'commit' },
  {
    numbers: [33],
    actor: 'T',
    at: 'decide.before>store.sync@1',
    what: 'decision ambiguous',
    way: 'commit',
  },
  { numbers: [34, 35], actor: 'T', at: 'decide.after@1', what: 'not answered', ...DECIDED },
  { numbers: [36], actor: 'C', at: 'client.answered@1', what: 'not returned', ...DECIDED },
  { numbers: [37], actor: 'T', at: 'phase2.before@1', what: 'before the first call', ...DECIDED },
];

const END: readonly Point[] = [
  { numbers: [42], actor: 'T', at: 'phase2.before@2', what: 'before the second call', ...DECIDED },
  { numbers: [47], actor: 'T', at: 'end.before@1', what: 'before the end record', ...DECIDED },
  { numbers: [48], actor: 'T', at: 'end.before>store.sync@1', what: 'end ambiguous', ...DECIDED },
  { numbers: [49], actor: 'T', at: 'end.after@1', what: 'ended', ...DECIDED },
  {
    numbers: [50],
    actor: 'T',
    at: 'phase2.after@2',
    what: 'many branches cleaned up together, behind one that has kept them waiting',
    count: 12,
    delayed: { wire: 'P1-D1', text: 'forget_branches', until: 'told' },
    way: 'commit',
  },
];

const ROLLBACK: readonly Point[] = [
  { numbers: [51], actor: 'C', at: 'client.failing@1', what: 'before the request', ...BACK },
  { numbers: [52], actor: 'T', at: 'decide.before@1', what: 'before the decision', ...BACK },
  {
    numbers: [53],
    actor: 'T',
    at: 'decide.before>store.sync@1',
    what: 'decision ambiguous',
    ...BACK,
  },
  { numbers: [54], actor: 'T', at: 'phase2.before@1', what: 'before the first call', ...BACK },
  ...phaseTwoRollback('P2', 55),
  ...phaseTwoRollback('P1', 65),
  { numbers: [74], actor: 'T', at: 'end.before@1', what: 'before the end record', ...BACK },
];

const SPECIAL: readonly Point[] = [
  {
    numbers: [77],
    actor: 'T',
    at: 'decide.before@1',
    what: 'the time is up: picked, not decided',
    way: 'rollback',
    asleep: 'C',
    transfer: { timeoutMs: 600, isHeld: true },
  },
  {
    numbers: [78],
    actor: 'T',
    at: 'decide.after@1',
    what: 'the time is up: decided, and the request to commit comes then',
    way: 'rollback',
    asleep: 'C',
    transfer: { timeoutMs: 600, isHeld: true },
  },
  {
    numbers: [78],
    actor: 'T',
    at: 'decide.before@1',
    what: 'commit received; another node lets the time run out, and decides',
    way: 'commit',
    twin: { until: 'killed', killedAt: 'decide.after@1' },
  },
  {
    numbers: [78],
    actor: 'T',
    at: 'decide.before@1',
    what: 'commit received; another node lets the time run out, and dies before it has decided',
    way: 'commit',
    twin: { until: 'killed', killedAt: 'decide.before@1' },
  },
  ...['before', 'after'].map((when): Point => ({
    numbers: [79],
    actor: 'T',
    at: `outcome.${when}@1`,
    what: `a row was changed from outside: ${when} the outcome is recorded`,
    way: 'rollback',
    isDirty: true,
    transfer: { fails: true, isHeld: true },
  })),
];

/** Its rollback comes while its first statement is on its way: it finds a tombstone then. */
const overtaken = (actor: 'P1' | 'P2'): readonly Point[] => {
  const late = {
    actor,
    way: 'rollback',
    transfer: { timeoutMs: 600 },
    delayed: {
      wire: actor === 'P1' ? 'P1-D1' : 'P2-D2',
      text: 'UPDATE account',
      until: 'struck',
    },
  } as const;
  return [
    {
      ...late,
      numbers: [75],
      at: 'at.undo.buried@1',
      what: 'tombstone inserted, its first statement still to come',
    },
    {
      ...late,
      numbers: [76],
      at: 'at.ended@1',
      what: 'tombstone committed, its first statement and COMMIT still to come',
    },
  ];
};

export const AT_POINTS: PointTable = {
  total: 79,
  points: [
    ...BEGINNING,
    ...phaseOne('P1', 5),
    ...phaseOne('P2', 18),
    ...DECISION,
    ...phaseTwoCommit('P1', 38),
    ...phaseTwoCommit('P2', 43),
    ...END,
    ...ROLLBACK,
    ...SPECIAL,
    ...overtaken('P1'),
    ...overtaken('P2'),
  ],
  uncovered: [],
};
