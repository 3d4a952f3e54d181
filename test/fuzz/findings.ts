import type { Model } from './model.js';
import type { Played } from './play.js';
import { OK } from './play.js';
import type { Plan } from './plan.js';
import type { Row, TableDifference } from './snapshot.js';

/** What a run has done and seen. */
export class Findings {
  transactions = 0;
  committed = 0;
  rolledBack = 0;
  statements = 0;
  refused = 0;
  failed = 0;
  conflicts = 0;
  pairs = 0;
  /** Pairs of which one found what the other rolled back later, and so wrote nothing. */
  missed = 0;
  /** Transactions behind which the database itself had let a foreign key lead nowhere. */
  unsound = 0;
  /** Rows that triggers wrote while something was rolled back. */
  triggerRows = 0;
  /** Undo rows that were left behind. */
  left = 0;
  /** Global transactions that did not end. */
  open = 0;
  readonly reports: string[] = [];
  readonly failures = new Map<string, number>();
  readonly refusals = new Map<string, number>();

  /** Everything that should not be. */
  get differences(): number {
    return this.reports.length + this.left + this.open;
  }

  count({ outcomes }: Played): void {
    this.statements += outcomes.length;
    for (const outcome of outcomes) {
      if (outcome === OK) continue;
      this.failed += 1;
      this.failures.set(outcome, (this.failures.get(outcome) ?? 0) + 1);
    }
  }

  refuse(message: string): void {
    const reason = message.replace(/ cannot be part of global transaction \w+:/u, ':');
    this.refused += 1;
    this.refusals.set(reason, (this.refusals.get(reason) ?? 0) + 1);
  }
}

const ROWS_SHOWN_MAX = 8;

/** A difference, in words and SQL that somebody can run again. */
export function describeDifference(
  title: string,
  model: Model,
  plans: readonly Plan[],
  differences: readonly TableDifference[],
): string {
  const lines = [`DIFFERENCE ${title}`];
  for (const { missing, surplus, table } of differences) {
    const columns = model.tables.find(({ name }) => name === table)?.columns ?? [];
    lines.push(`  ${table} (${columns.map(({ name }) => name).join(', ')})`);
    lines.push(...missing.slice(0, ROWS_SHOWN_MAX).map((row) => `    expected ${shown(row)}`));
    lines.push(...surplus.slice(0, ROWS_SHOWN_MAX).map((row) => `    found    ${shown(row)}`));
    const more = missing.length + surplus.length - 2 * ROWS_SHOWN_MAX;
    if (more > 0) lines.push(`    (${missing.length} expected, ${surplus.length} found in all)`);
  }
  for (const [index, plan] of plans.entries()) {
    lines.push(
      `  -- global transaction ${String(index + 1)}, to be ` +
        (plan.commits ? 'committed' : 'rolled back'),
    );
    for (const local of plan.locals) lines.push(...sqlOf(local).map((line) => `  ${line};`));
  }
  return lines.join('\n');
}

const shown = (row: Row): string => `(${row.map((value) => value ?? 'NULL').join(', ')})`;

function sqlOf(local: Plan['locals'][number]): readonly string[] {
  const { commits, isAutocommit, settings, steps } = local;
  if (isAutocommit) return [...settings, ...steps.map(({ sql }) => sql)];
  const body = steps.flatMap(({ savepoint, sql }) => {
    if (savepoint === 'none') return [sql];
    const end = savepoint === 'undo' ? 'ROLLBACK TO s; RELEASE s' : 'RELEASE s';
    return ['SAVEPOINT s', sql, end];
  });
  return [...settings, 'BEGIN', ...body, commits ? 'COMMIT' : 'ROLLBACK'];
}
