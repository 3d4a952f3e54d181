import type { Told } from './send-all.js';

/** A count of what stands in the databases at the end. */
export interface Figure {
  /** In the line of JSON. */
  readonly key: string;
  readonly label: string;
  readonly value: number;
}

/** What a run has come to. */
export interface LoadResult {
  readonly told: readonly Told<unknown>[];
  /** By name of the process; none without chaos. */
  readonly kills: Readonly<Record<string, number>>;
  /** Each a sentence; none when the books agree. */
  readonly problems: readonly string[];
  readonly seconds: number;
  readonly figures: readonly Figure[];
}

const PROBLEMS_MAX = 10;
const LABEL_LENGTH = 40;

/** The report for people. */
export function formatReport(result: LoadResult): string {
  const { unknown, ...figures } = figuresOf(result);
  const reasons = new Map<string, number>();
  for (const { reason } of result.told) {
    if (reason !== undefined) reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
  }
  const rows: readonly (readonly [string, number])[] = [
    ['Requests', figures.requests],
    ['  committed', figures.committed],
    ['  rolled back', figures.rolledBack],
    ...[...reasons].map(([reason, count]) => [`    ${reason}`, count] as const),
    ['  answer lost', unknown],
    ['Processes killed', figures.kills],
    ['Transactions per second', figures.txPerSecond],
    ...result.figures.map(({ label, value }) => [label, value] as const),
  ];
  const lines = rows.map(([label, value]) => `  ${label.padEnd(LABEL_LENGTH)}${value}`);
  return [...lines, '', ...verdict(result), ''].join('\n');
}

/** The report for machines: one line of JSON. */
export const formatJson = (result: LoadResult): string =>
  JSON.stringify({
    ...figuresOf(result),
    ...Object.fromEntries(result.figures.map(({ key, value }) => [key, value])),
    booksAgree: result.problems.length === 0,
  });

function figuresOf({ told, kills, seconds }: LoadResult) {
  const of = (outcome: string): number => told.filter((t) => t.outcome === outcome).length;
  return {
    requests: told.length,
    committed: of('committed'),
    rolledBack: of('refused'),
    unknown: of('unknown'),
    kills: Object.values(kills).reduce((sum, count) => sum + count, 0),
    txPerSecond: Math.round((told.length / seconds) * 10) / 10,
  };
}

function verdict({ problems }: LoadResult): readonly string[] {
  if (problems.length === 0) return ['  Books agree: all of it or nothing, in all databases.'];
  const more = problems.length - PROBLEMS_MAX;
  return [
    '  BOOKS DO NOT AGREE',
    ...problems.slice(0, PROBLEMS_MAX).map((problem) => `    ${problem}`),
    ...(more > 0 ? [`    … and ${more} more`] : []),
  ];
}
