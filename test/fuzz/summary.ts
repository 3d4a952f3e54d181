import type { Findings } from './findings.js';
import type { Ignored } from './snapshot.js';
import type { World } from './world.interface.js';

const SHOWN_MAX = 8;

/** What a run has come to, for people. */
export function summaryOf(world: World, findings: Findings, volatile: Ignored): string {
  const { committed, conflicts, differences, failed, left, missed, open, pairs } = findings;
  const { refused, rolledBack, statements, transactions, triggerRows, unsound } = findings;
  const { dialect, model } = world;
  const columns = [...volatile].flatMap(([table, places]) =>
    [...places].map((place) => `${table}.${nameOf(world, table, place)}`),
  );
  const optional = [
    [missed, 'pairs of which one found what was rolled back later (see docs/isolation.md)'],
    [
      triggerRows,
      `rows that triggers wrote during a rollback, and that stay (see ${dialect.guide})`,
    ],
    [unsound, 'transactions behind which the engine itself had let a foreign key lead nowhere'],
  ] as const;
  const lines = [
    `${String(transactions)} global transactions: ${String(committed)} committed, ` +
      `${String(rolledBack)} rolled back`,
    `${String(pairs)} pairs of them at the same time, ${String(conflicts)} lock conflicts`,
    `${String(statements)} statements, of which ${String(failed)} failed by themselves` +
      top(findings.failures),
    `${String(refused)} refused${top(findings.refusals)}`,
    ...optional.flatMap(([count, what]) => (count === 0 ? [] : [`${String(count)} ${what}`])),
    ...(columns.length === 0
      ? []
      : [`never twice the same, so not compared behind a commit: ${columns.join(', ')}`]),
    ...(model.whyUncompared === undefined
      ? []
      : [`nothing is compared behind a commit: ${model.whyUncompared} (see ${dialect.guide})`]),
    `${String(differences)} differences, ${String(left)} undo rows left, ` +
      `${String(open)} transactions left open`,
  ];
  return lines.join('\n');
}

function nameOf({ model }: World, table: string, column: number): string {
  return model.tables.find(({ name }) => name === table)?.columns[column]?.name ?? '';
}

function top(counts: Findings['failures']): string {
  const sorted = [...counts].sort(([, a], [, b]) => b - a);
  if (sorted.length === 0) return '';
  const shown = sorted.slice(0, SHOWN_MAX).map(([what, n]) => `${what}: ${String(n)}`);
  return ` (${shown.join(', ')}${sorted.length > SHOWN_MAX ? ', …' : ''})`;
}
