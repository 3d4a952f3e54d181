import { AT_POINTS, BEGINNING, phaseOne, phaseTwoCommit, phaseTwoRollback } from './at.js';
import type { Point, PointTable } from './point.interface.js';
import { endsTcc, overtakes, registers, tries } from './tcc.js';
import { endsPrepared, prepares, rollsBackPrepared } from './xa.js';

/** Points of XA and of TCC stand behind those of AT. */
const XA_FROM = 100;
const TCC_FROM = 200;

const DECISION_FIRST = 31;
const DECISION_LAST = 36;

/** The second branch of the transaction, behind the one of AT at the same participant. */
const TRIED = { actor: 'P1', nth: 2 } as const;

const ofTcc = (point: Point): Point => ({
  ...point,
  numbers: point.numbers.map((number) => TCC_FROM + number),
});

/** Calls and acknowledgements of the three branches come in any order. */
const CALLS: readonly Point[] = [1, 2, 3].flatMap((nth): readonly Point[] => [
  {
    numbers: [37],
    actor: 'T',
    at: `phase2.before@${String(nth)}`,
    what: `before call ${String(nth)}`,
    way: 'commit',
    isDecided: true,
  },
  {
    numbers: [41],
    actor: 'T',
    at: `phase2.after@${String(nth)}`,
    what: `acknowledgement ${String(nth)} not recorded`,
    way: 'commit',
    isDecided: true,
  },
  {
    numbers: [62],
    actor: 'T',
    at: `phase2.after@${String(nth)}`,
    what: `rollback: acknowledgement ${String(nth)} not recorded`,
    way: 'rollback',
    transfer: { fails: true },
  },
]);

const atParticipant = ({ actor }: Point): boolean => actor !== 'T';

const POINTS: readonly Point[] = [
  ...BEGINNING,
  ...phaseOne('P1', 5),
  ...registers({ ...TRIED, from: 5 }).map(ofTcc),
  ...tries({ ...TRIED, from: 8 })
    .filter(({ at }) => at.startsWith('tcc.'))
    .map(ofTcc),
  ...prepares('P2', XA_FROM + 12, 3),
  ...AT_POINTS.points.filter(({ numbers: [first = 0] }) => {
    return first >= DECISION_FIRST && first <= DECISION_LAST;
  }),
  ...CALLS,
  ...phaseTwoCommit('P1', 38).filter(atParticipant),
  ...endsTcc('confirm', { ...TRIED, from: 24 })
    .filter(atParticipant)
    .map(ofTcc),
  ...endsPrepared('P2', XA_FROM + 25).filter(atParticipant),
  ...phaseTwoRollback('P1', 65).filter(atParticipant),
  ...endsTcc('cancel', { ...TRIED, from: 24 })
    .filter(atParticipant)
    .map(ofTcc),
  ...rollsBackPrepared('P2', XA_FROM + 30),
  ...overtakes('P1').map(ofTcc),
];

/** AT and TCC at P1, XA at P2, in one transaction: the points that each has a part in. */
export const MIXED_POINTS: PointTable = {
  total: new Set(POINTS.flatMap(({ numbers }) => numbers)).size,
  points: POINTS,
  uncovered: [],
};
