import { NO_CRASHES } from './crash-plan.js';
import { EventQueue } from './event-queue.js';
import type { NetworkFaults } from './network.js';
import { LOST_ANSWER, Network } from './network.js';
import { Rng } from './rng.js';
import { SimProcess } from './sim-process.js';
import { Trace } from './trace.js';

const NONE: NetworkFaults = {
  lossRate: 0,
  duplicateRate: 0,
  slowRate: 0,
  slowMsMax: 0,
  garbageRate: 0,
};

interface Pair {
  readonly queue: EventQueue;
  readonly network: Network;
  readonly client: SimProcess;
  readonly server: SimProcess;
  /** What the server was asked. */
  readonly asked: unknown[];
}

/** A client and a server that answers with what it was asked, 10 ms later. */
async function startPair(faults: Partial<NetworkFaults> = {}): Promise<Pair> {
  const trace = new Trace();
  const rng = new Rng(5);
  const queue = new EventQueue(rng, trace);
  const network = new Network(queue, rng, trace, { ...NONE, ...faults });
  const around = { queue, trace, crashes: NO_CRASHES };
  const asked: unknown[] = [];
  const client = new SimProcess('client', around, async () => undefined);
  const server = new SimProcess('server', around, async (life) => {
    life.serve = async (_method, payload) => {
      asked.push(payload);
      await life.sleep(10);
      return payload;
    };
  });
  client.start();
  server.start();
  await queue.runUntil(10);
  return { queue, network, client, server, asked };
}

/** Sends one request, and returns what comes of it within the time. */
async function outcomeOf(pair: Pair, payload: unknown, forMs = 100): Promise<readonly unknown[]> {
  const { client, network, queue, server } = pair;
  const seen: unknown[] = [];
  network.call(client.life!, { to: server, method: 'echo', payload, timeoutMs: 50 }).then(
    (answer) => seen.push(answer),
    (error: unknown) => seen.push((error as { code: string }).code),
  );
  await queue.runUntil(queue.nowMs + forMs);
  return seen;
}

describe('The simulated network', () => {
  it('brings an answer, and shares no object', async () => {
    const pair = await startPair();
    const payload = { deep: [1] };

    const [answer] = await outcomeOf(pair, payload);

    expect(answer).toEqual(payload);
    expect(pair.asked[0]).not.toBe(payload);
    expect(answer).not.toBe(pair.asked[0]);
  });

  it('leaves a lost request of unknown outcome', async () => {
    const pair = await startPair({ lossRate: 1 });

    expect(await outcomeOf(pair, 'hello')).toEqual([LOST_ANSWER]);
    expect(pair.asked).toEqual([]);
  });

  it('leaves a request of unknown outcome whose answer is lost', async () => {
    const pair = await startPair();
    pair.network.cut('server', 'client');

    expect(await outcomeOf(pair, 'hello')).toEqual([LOST_ANSWER]);
    expect(pair.asked).toEqual(['hello']);
  });

  it('delivers a doubled request twice, and answers it once', async () => {
    const pair = await startPair({ duplicateRate: 1, slowMsMax: 10 });

    expect(await outcomeOf(pair, 'hello')).toEqual(['hello']);
    expect(pair.asked).toEqual(['hello', 'hello']);
  });

  it('brings no answer to a process that has been started again', async () => {
    const pair = await startPair();
    const outcome = outcomeOf(pair, 'hello');

    pair.client.crash(1);

    expect(await outcome).toEqual([]);
    expect(pair.asked).toEqual(['hello']);
  });

  it('reaches a frozen process when it goes on', async () => {
    const pair = await startPair();
    pair.server.freeze(200);

    const early = await outcomeOf(pair, 'hello');
    const askedEarly = pair.asked.length;
    await pair.queue.runUntil(400);

    expect({ early, askedEarly }).toEqual({ early: [LOST_ANSWER], askedEarly: 0 });
    expect(pair.asked).toEqual(['hello']);
  });
});
