import { BEGINNING } from './at.js';
import type { PointTable } from './point.interface.js';

export const MIXED_POINTS: PointTable = { total: 0, points: [...BEGINNING], uncovered: [] };
