/**
 * One process of a crash test. It loads everything, and becomes what it is told to be: so a process
 * that was killed is followed by another one at once.
 */
import 'reflect-metadata';

import { LIB_DEFAULT, loadProduct } from '../product.js';
import { startClient } from './client.js';
import type { ActorSettings, Order, Report, Transfer } from './messages.js';
import { startParticipant } from './participant.js';

const product = await loadProduct(process.argv[2] ?? LIB_DEFAULT);

/** What transfers are given to; only the client takes any. */
interface Running {
  transfer?(transfer: Transfer): void;
  go?(): void;
}

let running: Running = {};

const report = (message: Report): void => void process.send?.(message);

process.on('message', (order: Order) => {
  void obey(order);
});
process.once('disconnect', () => process.exit(0));
report({ kind: 'loaded' });

async function obey(order: Order): Promise<void> {
  if (order.kind === 'start') {
    running = await start(order.settings);
    report({ kind: 'ready' });
  } else if (order.kind === 'plan') {
    product.planFailpoints(order.plan);
    report({ kind: 'planned' });
  } else if (order.kind === 'transfer') {
    running.transfer?.(order.transfer);
  } else {
    running.go?.();
  }
}

async function start(settings: ActorSettings): Promise<Running> {
  const { port, role, store = '' } = settings;
  if (role === 'C') return startClient(product, settings, report);
  if (role !== 'T') {
    await startParticipant(product, settings, report);
    return {};
  }
  await product.startCoordinator({ store, listen: port, leaseMs: 600, heartbeatMs: 250 }, false);
  return {};
}
