import { DtxError } from 'nestjs-dtx';

import type { Local } from './plan.js';
import type { Database, Session } from './world.interface.js';

/**
 * What each statement came to: `ok` or the code of an error. Two databases that are equal answer
 * alike.
 */
export type Outcome = string;

export const OK: Outcome = 'ok';

/** The statements of a local transaction that were really sent, with what they came to. */
export interface Played {
  readonly outcomes: readonly Outcome[];
  /** How many rows each statement wrote or read, as far as one ended well. */
  readonly rowCounts: readonly (number | undefined)[];
  readonly committed: boolean;
}

interface Answer {
  readonly outcome: Outcome;
  readonly rowCount?: number;
}

/**
 * Runs a local transaction as an application does: a statement that fails is taken back to its
 * savepoint, or else ends the transaction unless it is one that goes on.
 *
 * @throws DtxError what AT mode refuses
 */
export const playLocal = (database: Database, local: Local): Promise<Played> =>
  database.lend(async (session) => {
    for (const setting of local.settings) await session.send(setting);
    const play = local.isAutocommit ? playAutocommit : playTransaction;
    return play(session, local, (work) => answerOf(work, database));
  });

type Ask = (work: Promise<unknown>) => Promise<Answer>;

async function playAutocommit(session: Session, { steps }: Local, ask: Ask): Promise<Played> {
  const answers: Answer[] = [];
  for (const { sql } of steps) answers.push(await ask(session.send(sql)));
  return played(answers, true);
}

async function playTransaction(session: Session, local: Local, ask: Ask): Promise<Played> {
  const answers: Answer[] = [];
  try {
    await session.begin();
    for (const { savepoint, sql } of local.steps) {
      if (savepoint !== 'none') await session.send('SAVEPOINT s');
      const answer = await ask(session.send(sql));
      const { outcome } = answer;
      answers.push(answer);
      if (savepoint === 'none' && outcome !== OK && !local.goesOn) {
        await session.rollback();
        return played(answers, false);
      }
      if (savepoint === 'none') continue;
      if (savepoint === 'undo' || outcome !== OK) await session.send('ROLLBACK TO SAVEPOINT s');
      await session.send('RELEASE SAVEPOINT s');
    }
    const end = await ask(local.commits ? session.commit() : session.rollback());
    // A COMMIT that fails leaves the transaction open on some engines.
    if (end.outcome !== OK) await session.rollback().catch(() => undefined);
    return played([...answers, end], local.commits && end.outcome === OK);
  } catch (error) {
    // The connection may be gone, and then so is the transaction.
    await session.rollback().catch(() => undefined);
    throw error;
  }
}

const played = (answers: readonly Answer[], committed: boolean): Played => ({
  outcomes: answers.map(({ outcome }) => outcome),
  rowCounts: answers.map(({ rowCount }) => rowCount),
  committed,
});

async function answerOf(work: Promise<unknown>, database: Database): Promise<Answer> {
  try {
    const rowCount = await work;
    return { outcome: OK, rowCount: typeof rowCount === 'number' ? rowCount : 0 };
  } catch (error) {
    const code = error instanceof DtxError ? undefined : database.codeOf(error);
    if (code === undefined) throw error;
    return { outcome: code };
  }
}
