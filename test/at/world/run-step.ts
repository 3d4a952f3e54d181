import type { Statement, Step } from '../work.js';

/** A connection that somebody has lent for one local transaction. */
export interface Lent {
  begin(): Promise<unknown>;
  send(sql: string): Promise<unknown>;
  commit(): Promise<unknown>;
  rollback(): Promise<unknown>;
}

/** Lends a connection for as long as the work takes. */
export type Lend = (work: (lent: Lent) => Promise<void>) => Promise<void>;

/** Runs a step as applications do: BEGIN, statements, COMMIT, or ROLLBACK when one fails. */
export async function runStep(
  step: Step,
  autocommit: (sql: string) => Promise<unknown>,
  lend: Lend,
): Promise<void> {
  if (typeof step === 'string') {
    await autocommit(step);
    return;
  }
  const statements = 'rolledBack' in step ? step.rolledBack : step;
  await lend(async (lent) => {
    await lent.begin();
    try {
      for (const statement of statements) await sendOne(lent, statement);
    } catch (error) {
      await lent.rollback().catch(() => undefined);
      throw error;
    }
    await ('rolledBack' in step ? lent.rollback() : lent.commit());
  });
}

async function sendOne(lent: Lent, statement: Statement): Promise<void> {
  if (typeof statement === 'string') {
    await lent.send(statement);
    return;
  }
  const failure = await lent.send(statement.fails).then(
    () => undefined,
    (error: unknown) => error,
  );
  if (failure === undefined) throw new Error(`It did not fail: ${statement.fails}`);
}
