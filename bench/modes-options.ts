import { positive, readArguments, whole } from './support/bench-options.js';

const USAGE = `Usage: npm run bench:modes -- [options]
  --seconds      measured seconds for each kind of work (5)
  --concurrency  transactions at a time, over pools of 16 connections (16)
  --json         end with one line of JSON`;

/** What a run of the benchmark was asked for. */
export interface ModesBenchOptions {
  readonly seconds: number;
  readonly concurrency: number;
  readonly json: boolean;
}

/** Reads the command line, or explains it and ends the process. */
export function modesBenchOptions(): ModesBenchOptions {
  const values = readArguments(USAGE, { seconds: '5', concurrency: '16' });
  return {
    seconds: positive('--seconds', values.seconds, USAGE),
    concurrency: whole('--concurrency', values.concurrency, 1, USAGE),
    json: values.json,
  };
}
