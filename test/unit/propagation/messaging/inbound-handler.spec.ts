import { defer, lastValueFrom, of, throwError } from 'rxjs';
import type { Observable } from 'rxjs';

import { boxing } from '../../../../lib/propagation/messaging/boxed-data.js';
import { transactionalHandler } from '../../../../lib/propagation/messaging/inbound-handler.js';
import type { MessageHandler } from '../../../../lib/propagation/messaging/inbound-handler.js';
import { packetCarrier } from '../../../../lib/propagation/messaging/packet-carrier.js';
import { currentTransaction, currentXid, linkedXid } from '../../../../lib/transaction/index.js';
import { participantManager, recordedLog } from '../../../integration/propagation/fixtures.js';

const carrier = packetCarrier({
  name: 'test',
  transportId: 0,
  clientClass: 'Client',
  contextClass: 'Context',
}).inbound;

const KEYS = carrier.packets?.keys ?? [];

/** What Nest 12 gives to handlers beside the data. */
const contextWith = (metadata: unknown) => ({ getMetadata: () => metadata });

/** The data of a packet as a handler gets it after the deserializer of Nest 11. */
function boxedData(packet: object): unknown {
  const { deserialize } = boxing({ deserialize: (value: unknown) => value }, KEYS);
  return (deserialize(packet) as { data?: unknown }).data;
}

function open(original: MessageHandler, given: { isEvent?: boolean; incoming?: boolean } = {}) {
  const log = recordedLog();
  const open = { count: 0 };
  const host = {
    manager: participantManager(log),
    incoming: given.incoming ?? true,
    enter: () => {
      open.count += 1;
      return () => void (open.count -= 1);
    },
  };
  const registration = { carrier, host, what: 'take', isEvent: given.isEvent ?? false };
  return { handler: transactionalHandler(original, registration), log, open, registration };
}

const look = () => ({ xid: currentXid(), link: linkedXid() });

describe('a handler of messages', () => {
  it('runs in the transaction of the metadata, until it has returned', async () => {
    let part: ReturnType<typeof currentTransaction>;
    const { handler, open: held } = open(() => {
      part = currentTransaction();
      return look();
    });
    const answer = handler('data', contextWith({ TX_XID: 'x1' }));
    expect([part?.isActive, held.count]).toEqual([true, 1]);
    expect(await answer).toEqual({ xid: 'x1', link: undefined });
    expect([part?.isActive, held.count]).toEqual([false, 0]);
  });

  it('runs outside of transactions with a link', async () => {
    const { handler } = open(look);
    const answer = handler('data', contextWith({ DTX_LINKED_XID: 'x1' }));
    expect(await answer).toEqual({ xid: undefined, link: 'x1' });
  });

  it.each([
    ['no metadata', undefined],
    ['a text as metadata', 'TX_XID'],
    ['other metadata', { trace: 'abc' }],
  ])('is called as it is with %s', (_what, metadata) => {
    const { handler } = open((...args) => args);
    const context = contextWith(metadata);
    expect(handler('data', context)).toEqual(['data', context]);
  });

  it('leaves a transaction that its connection was opened in', async () => {
    const { handler } = open(look);
    const stray = participantManager().join('stray');
    const answer = stray.run(() => handler('data', contextWith(undefined)));
    expect(await answer).toEqual({ xid: undefined, link: undefined });
  });

  it('ignores the xid where incoming is false', async () => {
    const { handler } = open(look, { incoming: false });
    const answer = handler('data', contextWith({ TX_XID: 'x1', DTX_LINKED_XID: 'x1' }));
    expect(await answer).toEqual({ xid: undefined, link: undefined });
  });

  it('is not called with a malformed xid, and its sender is told', async () => {
    const original = jest.fn();
    const { handler } = open(original);
    const answer = handler('data', contextWith({ TX_XID: 'a b' })) as Observable<unknown>;
    await expect(lastValueFrom(answer)).rejects.toEqual({
      status: 'error',
      code: 'DTX_ERR_BAD_XID',
      message: expect.stringContaining('"a b" is not an xid') as string,
    });
    expect(original).not.toHaveBeenCalled();
  });

  it('of an event is called all the same, outside of transactions, and the log says so', () => {
    const { handler, log } = open(look, { isEvent: true });
    const seen = handler('data', contextWith({ TX_XID: 'a b' }));
    expect(seen).toEqual({ xid: undefined, link: undefined });
    expect(log.lines).toEqual([expect.stringMatching(/^warn: Event take is handled outside any/)]);
  });

  it.each([
    ['a text', 'data'],
    ['nothing', undefined],
    ['null', null],
    ['zero', 0],
    ['a list', [1]],
  ])('gets %s where metadata came with it by the packet', async (_what, data) => {
    const { handler } = open((...args) => ({ ...look(), args }));
    const packet = { pattern: 'take', data, metadata: { TX_XID: 'x1' } };
    expect(await handler(boxedData(packet), {})).toMatchObject({ xid: 'x1', args: [data, {}] });
  });

  it('gets the data of packets without an xid as they are', () => {
    const data = { a: 1 };
    expect(boxedData({ data, metadata: { trace: 1 } })).toBe(data);
    expect(boxedData({ data, metadata: 'TX_XID' })).toBe(data);
    expect(boxedData({ data })).toBe(data);
  });

  it('and the deserializer may be asynchronous', async () => {
    const original = { deserialize: (value: unknown) => Promise.resolve(value) };
    const packet = { data: 1, metadata: { TX_XID: 'x1' } };
    const { data } = (await boxing(original, KEYS).deserialize(packet)) as { data: unknown };
    const { handler } = open((...args) => ({ ...look(), args }));
    expect(await handler(data, {})).toMatchObject({ xid: 'x1', args: [1, {}] });
  });

  it('may stand before others of the same event, which run in its transaction', async () => {
    const calls: unknown[] = [];
    // As Nest has it: a handler calls the next one with what it was called with.
    const link = (name: string): MessageHandler => {
      const original: MessageHandler = (...args) => {
        calls.push([name, args[0], currentXid()]);
        return original.next?.(...args);
      };
      return original;
    };
    const first = open(link('first')).handler;
    const second = open(link('second')).handler;
    const third = open(link('third')).handler;
    first.next = second;
    second.next = third;
    expect(first.next.next).toBe(third);
    const packet = { data: 'data', metadata: { TX_XID: 'x1' } };
    await first(boxedData(packet), {});
    expect(calls).toEqual([
      ['first', 'data', 'x1'],
      ['second', 'data', 'x1'],
      ['third', 'data', 'x1'],
    ]);
  });
});

describe('the part of a message that returns a stream', () => {
  it('lasts until the stream is complete', async () => {
    const { handler, open: held } = open(() => of(1, 2));
    const stream = (await handler('data', contextWith({ TX_XID: 'x1' }))) as Observable<number>;
    expect(held.count).toBe(1);
    expect(await lastValueFrom(stream)).toBe(2);
    expect(held.count).toBe(0);
  });

  it('ends with its error, which is passed on', async () => {
    const { handler, open: held } = open(() => throwError(() => new Error('broken')));
    const stream = (await handler('data', contextWith({ TX_XID: 'x1' }))) as Observable<number>;
    await expect(lastValueFrom(stream)).rejects.toThrow('broken');
    expect(held.count).toBe(0);
  });

  it('ends when nobody listens any more', async () => {
    const { handler, open: held } = open(() => of(1, 2, 3));
    const stream = (await handler('data', contextWith({ TX_XID: 'x1' }))) as Observable<number>;
    stream.subscribe().unsubscribe();
    expect(held.count).toBe(0);
  });

  it('is in its transaction when it is subscribed', async () => {
    const { handler } = open(() => defer(() => of(currentXid())));
    const stream = (await handler('data', contextWith({ TX_XID: 'x1' }))) as Observable<unknown>;
    expect(currentXid()).toBeUndefined();
    expect(await lastValueFrom(stream)).toBe('x1');
  });
});
