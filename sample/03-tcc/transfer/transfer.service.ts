import { Injectable, UnprocessableEntityException } from '@nestjs/common';
import { GlobalTransactional } from 'nestjs-dtx';

import { ServiceClient } from '../../support/load/service-client.js';
import type { Transfer } from '../transfer.js';

/** Has no database of its own: what it begins happens in those of the banks. */
@Injectable()
export class TransferService {
  constructor(private readonly banks: ServiceClient) {}

  /** When it returns, both banks have confirmed; when it throws, both cancel. */
  @GlobalTransactional({ name: 'transfer', timeoutMs: 15_000 })
  async transfer({ transfer, from, to, amountCents, isApproved }: Transfer): Promise<void> {
    const [payer, payee] = [from.account, to.account];
    await this.banks.post(from.bank, '/accounts/freeze', { transfer, account: payer, amountCents });
    await this.banks.post(to.bank, '/accounts/announce', { transfer, account: payee, amountCents });
    // By now both banks are sure that they can, and in neither has any money moved.
    if (!isApproved) throw new UnprocessableEntityException({ code: 'NOT_APPROVED' });
  }
}
