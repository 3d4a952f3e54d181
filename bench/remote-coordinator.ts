/** The coordinator of bench/remote.ts, in a process of its own: `memory`, or a SQLite file. */
import type { DtxLog } from '../lib/protocol/index.js';
import type { FromCoordinator, ToCoordinator } from './support/coordinator-messages.js';
import { CountingStore } from './support/counting-store.js';
import {
  MemorySessionStore,
  openCoordinator,
  openNativeServer,
  openSqliteStore,
  systemClock,
  systemIds,
} from './support/product.js';

const complain = (message: string): void => void process.stderr.write(`${message}\n`);
const quiet = (): void => undefined;
const LOG: DtxLog = { info: quiet, debug: quiet, warn: complain, error: complain };

const [place = 'memory'] = process.argv.slice(2);
const inner = place === 'memory' ? new MemorySessionStore() : await openSqliteStore(place);
const store = new CountingStore(inner);
const ports = { clock: systemClock, ids: systemIds };
const coordinator = await openCoordinator({ store, servesOthers: true, ...ports });
const server = await openNativeServer({ coordinator, listen: 0, log: LOG, ...ports });

process.on('message', ({ ask, ...order }: ToCoordinator & { readonly count?: number }) => {
  if (ask === 'figures') {
    tellFigures();
    return;
  }
  void store.ended(order.count ?? 0).then(() => {
    tell({ kind: 'ended' });
  });
});
// Its benchmark is gone, or has what it wants.
process.once('disconnect', () => void close());
tell({ kind: 'ready', address: server.address });

function tellFigures(): void {
  const { system, user } = process.cpuUsage();
  const { messagesReceived, messagesSent } = server.stats();
  const figures = { cpuUs: system + user, messages: messagesReceived + messagesSent };
  tell({ kind: 'figures', figures });
}

function tell(message: FromCoordinator): void {
  process.send?.(message);
}

async function close(): Promise<void> {
  await server.drain();
  await coordinator.close();
  await server.close();
}
