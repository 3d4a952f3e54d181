import { propagateXid, setMessagePolicy } from '../../../../lib/propagation/index.js';
import { setNamedModes } from '../../../../lib/propagation/messaging/index.js';
import { adoptPacketClient } from '../../../../lib/propagation/messaging/packet-client.js';
import type { TransactionManager } from '../../../../lib/transaction/index.js';
import { participantManager, recordedLog } from '../../../integration/propagation/fixtures.js';

interface Client {
  serializer?: { serialize(packet: unknown, ...rest: unknown[]): unknown };
}

const identity = { serialize: (packet: unknown) => packet };

function adopted(serializer: Client['serializer'] = identity): Client {
  const client: Client = { serializer };
  adoptPacketClient(client);
  return client;
}

const REQUEST = { pattern: 'take', data: 1, id: 'a' };
const EVENT = { pattern: 'took', data: 1 };

/** What the client sends in the transaction `x1`. */
const sent = (client: Client, packet: object, manager = participantManager()): Promise<unknown> =>
  manager.join('x1').run(() => client.serializer?.serialize(packet));

describe('a client of packets', () => {
  it.each([
    ['a request lets the receiver join', REQUEST, { TX_XID: 'x1' }],
    ['an event shows the xid', EVENT, { DTX_LINKED_XID: 'x1' }],
    ['other metadata stays', { ...REQUEST, metadata: { trace: 1 } }, { trace: 1, TX_XID: 'x1' }],
    [
      'an xid of the application stays',
      { ...REQUEST, metadata: { TX_XID: 'x2' } },
      { TX_XID: 'x2' },
    ],
    [
      'a link of the application stays',
      { ...REQUEST, metadata: { DTX_LINKED_XID: 'x2' } },
      { DTX_LINKED_XID: 'x2' },
    ],
  ])('%s', async (_what, packet, metadata) => {
    const before = structuredClone(packet);
    expect(await sent(adopted(), packet)).toEqual({ ...packet, metadata });
    expect(packet).toEqual(before);
  });

  it('is left alone outside of transactions, and after their end', async () => {
    const client = adopted();
    expect(client.serializer?.serialize(REQUEST)).toBe(REQUEST);
    const ended = participantManager().join('x1');
    const late = await ended.run(() => {
      ended.finish();
      return client.serializer?.serialize(REQUEST);
    });
    expect(late).toBe(REQUEST);
  });

  it('keeps the serializer that it had, and all that this is given', async () => {
    const serialize = jest.fn((packet: unknown) => JSON.stringify(packet));
    const client = adopted({ serialize });
    const text = await participantManager()
      .join('x1')
      .run(() => client.serializer?.serialize(REQUEST, { topic: 'a' }));
    expect(JSON.parse(String(text))).toEqual({ ...REQUEST, metadata: { TX_XID: 'x1' } });
    expect(serialize).toHaveBeenCalledWith(expect.anything(), { topic: 'a' });
  });

  it('is adopted once, and again when it was given another serializer', async () => {
    const client = adopted();
    const { serializer } = client;
    adoptPacketClient(client);
    expect(client.serializer).toBe(serializer);
    client.serializer = identity;
    adoptPacketClient(client);
    expect(await sent(client, REQUEST)).toMatchObject({ metadata: { TX_XID: 'x1' } });
  });

  it('sends no xid where the metadata cannot be added to, and says so', async () => {
    const log = recordedLog();
    const packet = { ...REQUEST, metadata: 'trace' };
    expect(await sent(adopted(), packet, participantManager(log))).toBe(packet);
    expect(log.lines).toEqual([expect.stringMatching(/^warn: A message is sent without an xid/)]);
  });
});

describe('the mode of a client', () => {
  const LINK = { DTX_LINKED_XID: 'x1' };
  const JOIN = { TX_XID: 'x1' };

  const metadataOf = async (client: Client, packet: object, manager: TransactionManager) =>
    ((await sent(client, packet, manager)) as { metadata?: unknown }).metadata;

  it.each([
    ['the defaults', {}, JOIN, LINK],
    ['none for both', { send: 'none', emit: 'none' } as const, undefined, undefined],
    ['the other way round', { send: 'link', emit: 'join' } as const, LINK, JOIN],
  ])('comes from the options of the application: %s', async (_what, modes, request, event) => {
    const manager = participantManager();
    setMessagePolicy(manager, modes);
    expect(await metadataOf(adopted(), REQUEST, manager)).toEqual(request);
    expect(await metadataOf(adopted(), EVENT, manager)).toEqual(event);
  });

  it('comes from what the options say of this client, for the ways that they name', async () => {
    const manager = participantManager();
    const client = adopted();
    setMessagePolicy(manager, { send: 'none' });
    setNamedModes(manager, client, { emit: 'join' });
    expect(await metadataOf(client, REQUEST, manager)).toBeUndefined();
    expect(await metadataOf(client, EVENT, manager)).toEqual(JOIN);
  });

  it('comes first from propagateXid()', async () => {
    const manager = participantManager();
    const client = propagateXid(adopted(), { emit: 'none' });
    setMessagePolicy(manager, { emit: 'join' });
    setNamedModes(manager, client, { send: 'link', emit: 'link' });
    expect(await metadataOf(client, EVENT, manager)).toBeUndefined();
    expect(await metadataOf(client, REQUEST, manager)).toEqual(LINK);
  });

  it('is that of the application whose transaction it is', async () => {
    const [first, second] = [participantManager(), participantManager()];
    setMessagePolicy(first, { send: 'none' });
    const client = adopted();
    expect(await metadataOf(client, REQUEST, first)).toBeUndefined();
    expect(await metadataOf(client, REQUEST, second)).toEqual(JOIN);
  });

  it.each([
    ['a mode', () => propagateXid({}, 'on' as never), /mode of propagateXid\(\) is "on"/],
    [
      'a way',
      () => propagateXid({}, { sent: 'join' } as never),
      /propagateXid\(\)\.sent is "join"/,
    ],
    ['a client', () => propagateXid('CLIENT' as never, 'none'), /client of propagateXid\(\) is/],
  ])('is checked: %s', (_what, say, message) => {
    expect(say).toThrow(message);
  });
});
