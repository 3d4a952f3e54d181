import type { CaseGroup } from '../work.js';
import { CIRCLES } from './circles.js';
import { COLUMNS } from './columns.js';
import { KEYS } from './keys.js';
import { LOCALS } from './locals.js';
import { MOVES } from './moves.js';
import { NAMES } from './names.js';
import { PARTITIONS } from './partitions.js';
import { REFERENCES } from './references.js';
import { ROUTINES } from './routines.js';
import { ROWS } from './rows.js';
import { SPELLINGS } from './spellings.js';
import { SUMS } from './sums.js';
import { SWAPS } from './swaps.js';
import { TRIGGERS } from './triggers.js';
import { UNIQUES } from './uniques.js';
import { UPSERTS } from './upserts.js';

/** Every case in which rows are written, and taken back or kept. */
export const GROUPS: readonly CaseGroup[] = [
  ROWS,
  UPSERTS,
  UNIQUES,
  SWAPS,
  REFERENCES,
  CIRCLES,
  TRIGGERS,
  SUMS,
  SPELLINGS,
  MOVES,
  ROUTINES,
  LOCALS,
  KEYS,
  COLUMNS,
  PARTITIONS,
  NAMES,
];

/** The cases that run through every further way to a database too. */
export const BASIC_GROUPS: readonly CaseGroup[] = [ROWS, UPSERTS, REFERENCES, LOCALS];
