import { BEGINNING } from './at.js';
import type { Point, PointTable, Uncovered } from './point.interface.js';

type Participant = 'P1' | 'P2';

const BACK = { way: 'rollback', transfer: { fails: true } } as const;
const DECIDED = { way: 'commit', isDecided: true } as const;

interface Place {
  readonly actor: Participant;
  /** Number of the first point. */
  readonly from: number;
  /** Which branch of the transaction it is, from 1. */
  readonly nth: number;
}

/** The coordinator learns of the branch. */
export function registers({ from, nth }: Place): readonly Point[] {
  const behind = 'register.before>'.repeat(nth);
  const of = { actor: 'T', way: 'commit' } as const;
  return [
    { ...of, numbers: [from], at: `register.before@${String(nth)}`, what: 'nothing durable' },
    { ...of, numbers: [from], at: `${behind}store.sync@1`, what: 'registration ambiguous' },
    { ...of, numbers: [from + 1], at: `register.after@${String(nth)}`, what: 'not answered' },
  ];
}

export function tries({ actor, from }: Omit<Place, 'nth'>): readonly Point[] {
  const point = (number: number, at: string, what: string): Point => ({
    numbers: [number],
    actor,
    at,
    what,
    way: 'commit',
  });
  return [
    point(from, 'work.received@1', 'request received, not registered'),
    point(from, 'tcc.try.before@1', 'registered, try not called'),
    point(from + 1, 'tcc.try.fenced@1', 'fence row inserted, business not done'),
    point(from + 2, 'tcc.try.worked@1', 'business done, before COMMIT'),
    point(from + 3, 'tcc.try.before>local.commit.sent@1', 'COMMIT ambiguous'),
    point(from + 4, 'tcc.try.committed@1', 'committed, the method not returned'),
    point(from + 4, 'tcc.try.done@1', 'committed, no answer'),
  ];
}

/** Confirm or cancel, by the numbers of confirm. */
export function endsTcc(ending: 'confirm' | 'cancel', { actor, from, nth }: Place) {
  const way = ending === 'confirm' ? DECIDED : BACK;
  const point = (number: number, at: string, what: string): Point => ({
    numbers: [number],
    actor,
    at,
    what: `${ending}: ${what}`,
    ...way,
  });
  const name = `tcc.${ending}`;
  return [
    point(from, `${name}.received@1`, 'received'),
    ...(ending === 'cancel' ? [point(from, `${name}.buried@1`, 'fence row looked for')] : []),
    point(from + 1, `${name}.fenced@1`, 'fence switched, effect not'),
    point(from + 1, `${name}.worked@1`, 'fence switched, and effect'),
    point(from + 2, `${name}.received>local.commit.sent@1`, 'COMMIT ambiguous'),
    point(from + 3, `${name}.committed@1`, 'committed, the method not returned'),
    point(from + 3, `${name}.done@1`, 'no acknowledgement'),
    {
      ...point(from + 4, `phase2.after@${String(nth)}`, 'acknowledgement not recorded'),
      actor: 'T',
    },
  ] satisfies readonly Point[];
}

const calls = (number: number, nth: number): Point => ({
  numbers: [number],
  actor: 'C',
  at: `client.calling@${String(nth)}`,
  what: 'before the try',
  way: 'commit',
});

/** A try that fails is no branch any more, and says so. */
const refuses = (actor: Participant): Point => ({
  numbers: [],
  actor: 'T',
  at: 'outcome.before@1',
  what: `the try at ${actor} was refused: the branch is given up`,
  way: 'rollback',
  transfer: { refusesAt: actor },
});

const DECISION: readonly Point[] = [
  { numbers: [19], actor: 'C', at: 'client.worked@1', what: 'before commit', way: 'commit' },
  { numbers: [19], actor: 'C', at: 'client.failing@1', what: 'before rollback', ...BACK },
  { numbers: [20], actor: 'T', at: 'decide.before@1', what: 'commit received', way: 'commit' },
  { numbers: [20], actor: 'T', at: 'decide.before@1', what: 'rollback received', ...BACK },
  {
    numbers: [21],
    actor: 'T',
    at: 'decide.before>store.sync@1',
    what: 'commit ambiguous',
    way: 'commit',
  },
  {
    numbers: [21],
    actor: 'T',
    at: 'decide.before>store.sync@1',
    what: 'rollback ambiguous',
    ...BACK,
  },
  { numbers: [22], actor: 'T', at: 'decide.after@1', what: 'commit: not answered', ...DECIDED },
  { numbers: [22], actor: 'T', at: 'decide.after@1', what: 'rollback: not answered', ...BACK },
  { numbers: [22], actor: 'C', at: 'client.answered@1', what: 'not returned', ...DECIDED },
  { numbers: [23], actor: 'T', at: 'phase2.before@1', what: 'before confirm', ...DECIDED },
  { numbers: [23], actor: 'T', at: 'phase2.before@1', what: 'before cancel', ...BACK },
];

const END: readonly Point[] = [
  { numbers: [34], actor: 'T', at: 'end.before@1', what: 'before the end record', ...DECIDED },
  { numbers: [34], actor: 'T', at: 'end.before>store.sync@1', what: 'end ambiguous', ...DECIDED },
  { numbers: [34], actor: 'T', at: 'end.before>store.sync@1', what: 'end ambiguous', ...BACK },
  { numbers: [35], actor: 'T', at: 'end.after@1', what: 'ended, not archived', ...DECIDED },
  { numbers: [35], actor: 'T', at: 'end.after@1', what: 'ended, not archived', ...BACK },
];

const OVERTAKEN = {
  way: 'rollback',
  transfer: { timeoutMs: 600 },
} as const;

/** The first instance sleeps in its try, and the second one is called to cancel. */
export const overtakes = (actor: Participant): readonly Point[] => [
  {
    ...OVERTAKEN,
    numbers: [36],
    actor,
    at: 'tcc.try.before@1',
    what: 'cancel before try, and its process dies behind the tombstone',
    twin: { until: 'ended', killedAt: 'tcc.cancel.buried@1' },
  },
  {
    ...OVERTAKEN,
    numbers: [37],
    actor,
    at: 'tcc.try.before@1',
    what: 'late try behind the tombstone: its process was asleep',
    twin: { until: 'ended' },
  },
  {
    ...OVERTAKEN,
    numbers: [37],
    actor,
    at: 'tcc.cancel.buried@1',
    what: 'late try behind the tombstone: its fence row was under way',
    delayed: { wire: actor === 'P1' ? 'P1-D1' : 'P2-D2', text: 'tcc_fence', until: 'struck' },
  },
  {
    ...OVERTAKEN,
    numbers: [38],
    actor,
    at: 'tcc.try.worked@1',
    what: 'cancel waits for the COMMIT of the try',
    twin: { until: 'waiting' },
  },
  {
    ...OVERTAKEN,
    numbers: [38],
    actor,
    at: 'tcc.try.before>local.commit.sent@1',
    what: 'COMMIT of the try not read yet when it is cancelled',
    twin: { until: 'ended' },
  },
];

const UNCOVERED: readonly Uncovered[] = [];

export const TCC_POINTS: PointTable = {
  total: 38,
  points: [
    ...BEGINNING,
    ...registers({ actor: 'P1', from: 5, nth: 1 }),
    ...registers({ actor: 'P2', from: 5, nth: 2 }),
    calls(7, 1),
    ...tries({ actor: 'P1', from: 8 }),
    calls(13, 2),
    ...tries({ actor: 'P2', from: 14 }),
    refuses('P1'),
    refuses('P2'),
    ...DECISION,
    ...endsTcc('confirm', { actor: 'P1', from: 24, nth: 1 }),
    ...endsTcc('confirm', { actor: 'P2', from: 29, nth: 2 }),
    // The last one first.
    ...endsTcc('cancel', { actor: 'P1', from: 24, nth: 2 }),
    ...endsTcc('cancel', { actor: 'P2', from: 29, nth: 1 }),
    ...END,
    ...overtakes('P1'),
    ...overtakes('P2'),
  ],
  uncovered: UNCOVERED,
};
