import type { TccContext } from '../../../lib/index.js';
import type { Product } from '../product.js';
import type { LocalDatabase, Run } from './local-database.js';
import type { ActorSettings } from './messages.js';
import { AMOUNT, deltaOf, refusal } from './messages.js';

interface Reservation {
  readonly id: number;
}

interface Purses {
  reserve(id: number, refuses: boolean): Promise<void>;
}

/**
 * The part of a transfer that is reserved first. Nothing in it stands repetition, and each method
 * leaves its trace: what happens at most once, and in which order, is up to the fence.
 */
export function pursesOf(
  { TccAction, TxParam }: Product,
  { role }: ActorSettings,
  database: LocalDatabase,
): new () => Purses {
  const name = role === 'P1' ? 'left.reserve' : 'right.reserve';
  const trace = (run: Run, id: number, what: string): Promise<unknown> =>
    run('INSERT INTO movement (purse, what) VALUES (?, ?)', [id, what]);

  class PursesOfRole implements Purses {
    @TccAction({ name, confirm: 'spend', cancel: 'free' })
    reserve(@TxParam<Reservation>('id') id: number, refuses: boolean): Promise<void> {
      return database.inTransaction(async (run) => {
        await run('UPDATE purse SET reserved = reserved + ? WHERE id = ?', [AMOUNT, id]);
        await trace(run, id, 'try');
        if (refuses) throw refusal();
      });
    }

    spend({ params }: TccContext<Reservation>): Promise<void> {
      const { id } = params;
      return database.inTransaction(async (run) => {
        await run('UPDATE purse SET reserved = reserved - ?, balance = balance + ? WHERE id = ?', [
          ...[AMOUNT, deltaOf(role), id],
        ]);
        await trace(run, id, 'confirm');
      });
    }

    free({ params }: TccContext<Reservation>): Promise<void> {
      const { id } = params;
      return database.inTransaction(async (run) => {
        await run('UPDATE purse SET reserved = reserved - ? WHERE id = ?', [AMOUNT, id]);
        await trace(run, id, 'cancel');
      });
    }
  }
  return PursesOfRole;
}
