import { AT_POINTS, BEGINNING, phaseOne, phaseTwoCommit, phaseTwoRollback } from './at.js';
import type { Point, PointTable } from './point.interface.js';
import { endsPrepared, prepares, rollsBackPrepared } from './xa.js';

/** Points of XA stand behind those of AT. */
const XA_FROM = 100;

const DECISION_FIRST = 31;
const DECISION_LAST = 36;

const POINTS: readonly Point[] = [
  ...BEGINNING,
  ...phaseOne('P1', 5),
  ...prepares('P2', XA_FROM + 12),
  ...AT_POINTS.points.filter(({ numbers: [first = 0] }) => {
    return first >= DECISION_FIRST && first <= DECISION_LAST;
  }),
  ...phaseTwoCommit('P1', 38).filter(({ actor }) => actor === 'P1'),
  ...endsPrepared('P2', XA_FROM + 25),
  ...phaseTwoRollback('P1', 65).filter(({ actor }) => actor === 'P1'),
  ...rollsBackPrepared('P2', XA_FROM + 30),
];

/** Mode AT at P1 and XA at P2: the points of both, as far as each has a part in it. */
export const MIXED_POINTS: PointTable = {
  total: new Set(POINTS.flatMap(({ numbers }) => numbers)).size,
  points: POINTS,
  uncovered: [],
};
