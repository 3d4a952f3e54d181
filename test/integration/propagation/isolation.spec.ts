import { once } from 'node:events';
import http from 'node:http';

import { HttpService } from '@nestjs/axios';
import axios from 'axios';
import { firstValueFrom } from 'rxjs';
import * as undici from 'undici';

import { inboundHttp, installOutgoingHttp } from '../../../lib/propagation/index.js';
import { currentTransaction, currentXid } from '../../../lib/transaction/index.js';
import { jsonOf, listen, participantManager } from './fixtures.js';
import type { TestServer } from './fixtures.js';

// A bound for a machine that is busy with other things; alone, a test takes under two seconds.
jest.setTimeout(30_000);

/** How many requests are under way at once. */
const REQUEST_COUNT = 100;

interface Hops {
  readonly id: string;
  readonly xids: readonly (string | null)[];
}

type Get = (url: string) => Promise<Hops>;

const pool = new undici.Agent({ connections: 5 });
const keepAlive = new http.Agent({ keepAlive: true, maxSockets: 5 });
const nestHttp = new HttpService(axios.create());

const CLIENTS: readonly (readonly [string, Get])[] = [
  ['node http', (url) => viaHttp(url)],
  ['node http over five connections', (url) => viaHttp(url, keepAlive)],
  ['axios', async (url) => (await axios.get<Hops>(url)).data],
  [
    'HttpService of @nestjs/axios',
    async (url) => (await firstValueFrom(nestHttp.get<Hops>(url))).data,
  ],
  ['global fetch', async (url) => (await (await fetch(url)).json()) as Hops],
  ['undici', async (url) => (await (await undici.request(url)).body.json()) as Hops],
  [
    'undici over five connections',
    async (url) => (await (await undici.request(url, { dispatcher: pool })).body.json()) as Hops,
  ],
  [
    'fetch of undici over five connections',
    async (url) => (await (await undici.fetch(url, { dispatcher: pool })).json()) as Hops,
  ],
];

async function viaHttp(url: string, agent?: http.Agent): Promise<Hops> {
  const request = http.get(url, agent === undefined ? {} : { agent });
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  return jsonOf<Hops>(response);
}

/** Each server asks the next one with the client under test, and adds what xid it was called in. */
let get: Get;
let first: Omit<TestServer, 'seen'>;
let second: Omit<TestServer, 'seen'>;

const managers = {
  caller: participantManager(),
  first: participantManager(),
  second: participantManager(),
};
const releases: (() => void)[] = [];

beforeAll(async () => {
  releases.push(...Object.values(managers).map((manager) => installOutgoingHttp(manager, {})));
  second = await serve(managers.second, (id) => Promise.resolve({ id, xids: [] }));
  first = await serve(managers.first, async (id) => get(`${second.url}/${id}`));
});

afterAll(async () => {
  keepAlive.destroy();
  await pool.close();
  await Promise.all([first.close(), second.close()]);
  for (const release of releases) release();
});

function serve(
  manager: (typeof managers)['first'],
  next: (id: string) => Promise<Hops>,
): Promise<Omit<TestServer, 'seen'>> {
  const middleware = inboundHttp(manager, {});
  return listen((request, response) => {
    middleware(request, response, () => {
      const answer = async (): Promise<void> => {
        const { id, xids } = await next((request.url ?? '').slice(1));
        const owner = currentTransaction()?.manager;
        const xid = owner === undefined || owner === manager ? (currentXid() ?? null) : 'foreign';
        response.end(JSON.stringify({ id, xids: [xid, ...xids] }));
      };
      answer().catch((error: unknown) => response.destroy(error as Error));
    });
  });
}

describe.each(CLIENTS)('through %s', (_name, client) => {
  beforeEach(() => {
    get = client;
  });

  it('a hundred requests over two services each see their own xid', async () => {
    const calls = Array.from({ length: REQUEST_COUNT }, (_, index) => {
      const xid = `x${String(index)}`;
      return managers.caller.join(xid).run(() => client(`${first.url}/${xid}`));
    });
    const answers = await Promise.all(calls);
    const wrong = answers.filter(({ id, xids }) => xids.length !== 2 || xids.some((x) => x !== id));
    expect(wrong).toEqual([]);
  });

  it('requests inside and outside of transactions do not mix', async () => {
    const calls = Array.from({ length: REQUEST_COUNT }, (_, index) => {
      const url = `${first.url}/${String(index)}`;
      const isInside = index % 2 === 0;
      return isInside ? managers.caller.join(String(index)).run(() => client(url)) : client(url);
    });
    const answers = await Promise.all(calls);
    const expected = answers.map(({ id }) => {
      const xid = Number(id) % 2 === 0 ? id : null;
      return { id, xids: [xid, xid] };
    });
    expect(answers).toEqual(expected);
  });

  it('nothing is left after the transaction has ended', async () => {
    const transaction = managers.caller.join('ended');
    await transaction.run(() => client(`${first.url}/ended`));
    transaction.finish();
    const outside = await client(`${first.url}/a`);
    const late = await managers.caller.join('later').run(async () => client(`${first.url}/b`));
    expect([outside.xids, late.xids]).toEqual([
      [null, null],
      ['later', 'later'],
    ]);
  });
});
