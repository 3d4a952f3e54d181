import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';

import type { Product } from '../product.js';
import type { ActorSettings, Report, Told, Transfer } from './messages.js';

const ANSWER_MS_MAX = 2_500;
const CALL_MS_MAX = 3_000;

/** What the business throws on purpose. */
class Refused extends Error {
  override readonly name = 'Refused';
}

/** The launcher: calls both participants in a global transaction, and says what it was told. */
export async function startClient(
  { DtxModule, GlobalTransactional, currentXid, failpoint }: Product,
  { coordinatorUrl = '', participantUrls = [] }: ActorSettings,
  report: (message: Report) => void,
) {
  let isGoing = (): void => undefined;

  class Transfers {
    @GlobalTransactional({ name: 'transfer', timeoutMs: 4_000 })
    patient(transfer: Transfer): Promise<void> {
      return this.#move(transfer);
    }

    @GlobalTransactional({ name: 'transfer', timeoutMs: 600 })
    hasty(transfer: Transfer): Promise<void> {
      return this.#move(transfer);
    }

    async #move(transfer: Transfer): Promise<void> {
      const { fails = false, id, isHeld = false } = transfer;
      report({ kind: 'xid', id, xid: currentXid() ?? '' });
      failpoint('client.begun');
      for (const url of participantUrls) {
        failpoint('client.calling');
        await post(url, transfer);
      }
      if (isHeld) await held(id);
      failpoint(fails ? 'client.failing' : 'client.worked');
      if (fails) throw new Refused('on purpose');
    }
  }

  const held = (id: number): Promise<void> =>
    new Promise((resolve) => {
      isGoing = resolve;
      report({ kind: 'held', id });
    });

  @Module({
    imports: [
      DtxModule.forRoot({
        applicationId: 'crash-client',
        coordinator: { url: coordinatorUrl, callTimeoutMs: CALL_MS_MAX },
      }),
    ],
    providers: [Transfers],
  })
  class ClientModule {}
  const app = await NestFactory.createApplicationContext(ClientModule, { logger: false });
  const transfers = app.get(Transfers);

  const run = async (transfer: Transfer): Promise<void> => {
    const tell = (told: Told, why = ''): void => {
      report({ kind: 'told', id: transfer.id, told, why });
    };
    failpoint('client.before');
    try {
      await (transfer.timeoutMs < 1_000 ? transfers.hasty(transfer) : transfers.patient(transfer));
    } catch (error) {
      const { code, message } = error as { readonly code?: string; readonly message: string };
      tell(
        code === 'DTX_ERR_TM_OUTCOME_UNKNOWN' ? 'unknown' : 'not-committed',
        `${code}: ${message}`,
      );
      return;
    }
    failpoint('client.answered');
    tell('committed');
  };
  return {
    transfer: (transfer: Transfer): void => void run(transfer),
    go: (): void => {
      isGoing();
    },
  };
}

async function post(url: string, transfer: Transfer): Promise<void> {
  const response = await fetch(`${url}/work`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', connection: 'close' },
    body: JSON.stringify(transfer),
    signal: AbortSignal.timeout(ANSWER_MS_MAX),
  });
  const text = await response.text();
  if (!response.ok) throw new Refused(`${String(response.status)} ${text}`);
}
