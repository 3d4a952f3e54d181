import type { Through } from './at-engines/index.js';
import { AT_ENGINES } from './at-engines/index.js';
import { oneOf, positive, readArguments, whole } from './support/bench-options.js';

const USAGE = `Usage: npm run bench:at -- [options]
  --engine       postgres, mariadb or sqlite (postgres)
  --through      raw: pg or mysql2 themselves; typeorm: both sides over TypeORM (raw;
                 sqlite is always measured over TypeORM)
  --seconds      measured seconds for each kind of work (5)
  --concurrency  transactions at a time, over pools of 16 connections (16)
  --rows         rows that one UPDATE changes (1)
  --hot-rows     all transactions write to so few rows; 0 = to the whole table (0)
  --json         end with one line of JSON`;

/** What a run of the benchmark was asked for. */
export interface AtBenchOptions {
  readonly engine: string;
  readonly through: Through;
  readonly seconds: number;
  readonly concurrency: number;
  readonly rows: number;
  /** Of each table: enough for the measured blocks, in which no captured row comes twice. */
  readonly tableRows: number;
  readonly hotRows: number;
  readonly json: boolean;
}

/** Other names of `raw`. */
const RAW_NAMES = ['raw', 'pg', 'mysql2'];
const ROWS_MAX = 1_000;
const TABLE_ROWS = 10_000;

/** Reads the command line, or explains it and ends the process. */
export function atBenchOptions(): AtBenchOptions {
  const values = readArguments(USAGE, {
    engine: 'postgres',
    through: 'raw',
    seconds: '5',
    concurrency: '16',
    rows: '1',
    'hot-rows': '0',
  });
  const engine = oneOf('--engine', values.engine, Object.keys(AT_ENGINES), USAGE);
  const rows = Math.min(ROWS_MAX, whole('--rows', values.rows, 1, USAGE));
  const through = oneOf('--through', values.through, [...RAW_NAMES, 'typeorm'], USAGE);
  return {
    engine,
    through: engine === 'sqlite' || through === 'typeorm' ? 'typeorm' : 'raw',
    seconds: positive('--seconds', values.seconds, USAGE),
    concurrency: whole('--concurrency', values.concurrency, 1, USAGE),
    rows,
    tableRows: rows === 1 ? TABLE_ROWS : 1_000 * rows,
    hotRows: whole('--hot-rows', values['hot-rows'], 0, USAGE),
    json: values.json,
  };
}
