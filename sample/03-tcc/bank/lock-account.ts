import { ConflictException, NotFoundException } from '@nestjs/common';
import type { EntityManager } from 'typeorm';

interface Account {
  readonly isBlocked: boolean;
  /** What is not frozen. */
  readonly freeCents: number;
}

/**
 * The account, which nobody changes until the local transaction ends.
 *
 * @throws HttpException when it takes part in no transfers
 */
export async function lockAccount(manager: EntityManager, account: string): Promise<Account> {
  const [found] = await manager.query<Account[]>(
    `SELECT is_blocked AS "isBlocked", balance_cents - frozen_cents AS "freeCents"
       FROM accounts WHERE account = $1 FOR UPDATE`,
    [account],
  );
  if (found === undefined) throw new NotFoundException({ code: 'NO_SUCH_ACCOUNT' });
  if (found.isBlocked) throw refuse('ACCOUNT_BLOCKED');
  return found;
}

/** What the bank will not do, and why. */
export const refuse = (code: string): ConflictException => new ConflictException({ code });
