import { findFreePorts } from '../../../sample/support/free-ports.js';
import type { OrderLine } from '../../../sample/01-quickstart/orders-file.js';
import { placeOrders } from '../../../sample/01-quickstart/place-orders.js';
import { until } from '../../support/until.js';
import { accept, type Reaction, refuse, ScriptedOrderService, vanish } from './order-service.js';

const line = (order: string): OrderLine => ({
  ...{ order, customer: 'ann', product: 'tea', quantity: 1, amountCents: 450, note: '' },
});

const ONE = [line('A1')];
const CONFLICT = refuse(503, { code: 'DTX_ERR_RM_LOCK_CONFLICT', retryable: true });
const STOCK_IS_DOWN = refuse(503, { code: 'STOCK_UNAVAILABLE', retryable: true });

describe('placing orders', () => {
  let service: ScriptedOrderService;
  let outcomes: [order: string, outcome: string][];
  let unknown: string[];

  const place = (url: string, orders: readonly OrderLine[], more: object = {}) =>
    placeOrders(orders, {
      ...{ url, concurrency: 1, signal: new AbortController().signal },
      onOutcome: async ({ order }, outcome) => {
        outcomes.push([order, outcome]);
      },
      onUnknown: ({ order }) => unknown.push(order),
      ...more,
    });

  const placeAt = async (...script: Reaction[]) => {
    service = new ScriptedOrderService(...script);
    await place(await service.listen(), ONE);
  };

  beforeEach(() => {
    service = new ScriptedOrderService(accept);
    outcomes = [];
    unknown = [];
  });

  afterEach(async () => {
    await service.close();
  });

  it('takes a refusal as an answer', async () => {
    await placeAt(refuse(409, { code: 'OUT_OF_STOCK' }));

    expect(outcomes).toEqual([['A1', 'OUT_OF_STOCK']]);
    expect(service.seen).toEqual(['A1']);
  });

  it('tries again after a lock conflict', async () => {
    await placeAt(CONFLICT, CONFLICT, accept);

    expect(outcomes).toEqual([['A1', 'COMMITTED']]);
  });

  it('gives up after ten lock conflicts', async () => {
    await placeAt(CONFLICT);

    expect(outcomes).toEqual([['A1', 'DTX_ERR_RM_LOCK_CONFLICT']]);
    expect(service.seen).toHaveLength(10);
  });

  it('tries again, more than ten times, while a service is down', async () => {
    await placeAt(...Array<Reaction>(12).fill(STOCK_IS_DOWN), accept);

    expect(outcomes).toEqual([['A1', 'COMMITTED']]);
    expect(service.seen).toHaveLength(13);
  });

  it('waits for an order service that is not there yet', async () => {
    const [port = 0] = await findFreePorts(1);
    const placed = place(`http://127.0.0.1:${port}`, ONE);
    await service.listen(port);
    await placed;

    expect(outcomes).toEqual([['A1', 'COMMITTED']]);
  });

  it.each([
    ['the connection breaks before the answer', vanish],
    [
      'the answer breaks off',
      (_, response) => {
        response.writeHead(500, { 'content-length': '100' }).write('{"code":');
        response.socket?.destroySoon();
      },
    ],
    [
      'the order service does not know it either',
      refuse(500, { code: 'DTX_ERR_TM_OUTCOME_UNKNOWN' }),
    ],
  ] satisfies [string, Reaction][])('neither guesses nor tries again when %s', async (_, react) => {
    await placeAt(react, accept);

    expect(unknown).toEqual(['A1']);
    expect(outcomes).toEqual([]);
    expect(service.seen).toEqual(['A1']);
  });

  it('stops trying when it is stopped, and leaves the outcome open', async () => {
    service = new ScriptedOrderService(STOCK_IS_DOWN);
    const stop = new AbortController();
    const placed = place(await service.listen(), [...ONE, line('A2')], { signal: stop.signal });
    await until(() => service.seen.length > 1);
    stop.abort();
    await placed;

    expect(new Set(service.seen)).toEqual(new Set(['A1']));
    expect(outcomes).toEqual([]);
    expect(unknown).toEqual(['A1']);
  });

  it('places each order when it is its turn', async () => {
    const shares: number[] = [];
    const pace = async (share: number): Promise<void> => {
      shares.push(share);
      expect(service.seen).toHaveLength(shares.length - 1);
    };
    const orders = ['A1', 'A2', 'A3', 'A4'].map(line);
    await place(await service.listen(), orders, { pace });

    expect(shares).toEqual([0, 1 / 4, 1 / 2, 3 / 4]);
    expect(outcomes).toHaveLength(4);
  });
});
