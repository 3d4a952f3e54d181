import { BEGINNING } from './at.js';
import type { PointTable } from './point.interface.js';

export const XA_POINTS: PointTable = { total: 35, points: [...BEGINNING], uncovered: [] };
