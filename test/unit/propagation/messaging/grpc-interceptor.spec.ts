import { Metadata } from '@grpc/grpc-js';
import type { Interceptor } from '@grpc/grpc-js';

import { dtxGrpcInterceptor } from '../../../../lib/propagation/index.js';
import { currentXid } from '../../../../lib/transaction/index.js';
import { participantManager } from '../../../integration/propagation/fixtures.js';

// What applications write: its type has to be that of grpc-js.
const interceptor: Interceptor = dtxGrpcInterceptor();

type Listener = Record<string, (value: unknown) => void>;

/** A call as grpc-js makes it behind an interceptor, started with this metadata. */
function start(
  metadata: Metadata,
  options: Parameters<typeof dtxGrpcInterceptor>[0] = {},
  listener: Listener = {},
) {
  const started: { metadata: Metadata; listener: Listener }[] = [];
  const next = {
    start: (sent: Metadata, heard: Listener) =>
      void started.push({ metadata: sent, listener: heard }),
  };
  const call = dtxGrpcInterceptor(options)({}, () => next) as typeof next;
  call.start(metadata, listener);
  return started[0]!;
}

const inTransaction = <T>(body: () => T): Promise<T> => participantManager().join('x1').run(body);

describe('the interceptor of gRPC', () => {
  it('is one to grpc-js', () => {
    expect(typeof interceptor).toBe('function');
  });

  it('adds the xid to a copy of the metadata, which may be that of all calls', async () => {
    const metadata = new Metadata();
    metadata.set('trace', 'abc');
    const started = await inTransaction(() => start(metadata));
    expect(started.metadata.getMap()).toEqual({ trace: 'abc', tx_xid: 'x1' });
    expect(metadata.getMap()).toEqual({ trace: 'abc' });
  });

  it('adds nothing outside of transactions', () => {
    const metadata = new Metadata();
    expect(start(metadata).metadata).toBe(metadata);
  });

  it.each([
    ['link', { dtx_linked_xid: 'x1' }],
    ['none', {}],
  ] as const)('has the mode %s', async (mode, expected) => {
    const started = await inTransaction(() => start(new Metadata(), { mode }));
    expect(started.metadata.getMap()).toEqual(expected);
  });

  it.each(['tx_xid', 'dtx_linked_xid'])('leaves a %s of the application', async (key) => {
    const metadata = new Metadata();
    metadata.set(key, 'x2');
    const started = await inTransaction(() => start(metadata));
    expect(started.metadata.getMap()).toEqual({ [key]: 'x2' });
  });

  it('has answers heard in the context of the call, not of the connection', async () => {
    const heard: unknown[] = [];
    const onReceiveMessage = (value: unknown): void => void heard.push([value, currentXid()]);
    const mine = await inTransaction(() => start(new Metadata(), {}, { onReceiveMessage }));
    const outside = start(new Metadata(), {}, { onReceiveMessage });
    await participantManager()
      .join('connection')
      .run(() => {
        mine.listener['onReceiveMessage']?.(1);
        outside.listener['onReceiveMessage']?.(2);
        outside.listener['onReceiveStatus']?.(3);
      });
    expect(heard).toEqual([
      [1, 'x1'],
      [2, undefined],
    ]);
  });

  it('refuses an unknown mode', () => {
    expect(() => dtxGrpcInterceptor({ mode: 'on' as never })).toThrow(
      /mode of dtxGrpcInterceptor\(\) is "on"/,
    );
  });
});
