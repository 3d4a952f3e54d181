import fc from 'fast-check';

import {
  FRAME_BYTES_AIM,
  FRAME_MESSAGES_AIM,
  decodeClientFrame,
  decodeServerFrame,
  encodeClientFrame,
  encodeServerFrames,
} from '../../../../lib/protocol/wire/index.js';
import { CLIENT_BODIES, SERVER_BODIES, anyMessage } from './messages.js';

const LIMITS = { messageBytesMax: 1_000_000, messagesMax: 10_000 };

describe('A frame of a client', () => {
  it.each(Object.entries(CLIENT_BODIES))('arrives as it was sent: %s', (name, bodies) => {
    fc.assert(
      fc.property(fc.nat({ max: 2 ** 32 - 1 }), bodies, (requestId, body) => {
        const frame = encodeClientFrame([{ requestId, [name]: body }]);
        const [message] = decodeClientFrame(frame, LIMITS);

        expect(message?.body).toBe(name);
        expect(plain(message)).toEqual(plain({ requestId, [name]: body }));
      }),
    );
  });

  it('keeps its messages in their order', () => {
    fc.assert(
      fc.property(fc.array(anyMessage(CLIENT_BODIES), { maxLength: 20 }), (messages) => {
        const frame = encodeClientFrame(messages);

        expect(decodeClientFrame(frame, LIMITS).map(plain)).toEqual(messages.map(plain));
      }),
    );
  });

  it('marks a message that is longer than the limit, and leaves the others alone', () => {
    const limits = { ...LIMITS, messageBytesMax: 50 };
    const messages = [10, 100, 20].map((length, index) => ({
      requestId: index + 1,
      setRollbackOnly: { xid: 'a', reason: 'r'.repeat(length) },
    }));

    const decoded = decodeClientFrame(encodeClientFrame(messages), limits);

    expect(decoded.map(({ oversizeBytes }) => oversizeBytes)).toEqual([
      undefined,
      2 + 2 + 3 + 2 + 100,
      undefined,
    ]);
    expect(decoded[1]).toMatchObject({ requestId: 2, body: 'setRollbackOnly' });
  });

  it('holds so many messages and no more', () => {
    const limits = { ...LIMITS, messagesMax: 3 };
    const frameOf = (count: number) =>
      encodeClientFrame(Array.from({ length: count }, () => ({ requestId: 0, ping: {} })));

    expect(decodeClientFrame(frameOf(3), limits)).toHaveLength(3);
    expect(() => decodeClientFrame(frameOf(4), limits)).toThrow('more than 3 messages');
  });
});

describe('Frames of a node', () => {
  it.each(Object.entries(SERVER_BODIES))('arrive as they were sent: %s', (name, bodies) => {
    fc.assert(
      fc.property(fc.nat({ max: 2 ** 32 - 1 }), bodies, (requestId, body) => {
        const frames = encodeServerFrames([{ requestId, [name]: body }], []);
        const { messages } = decodeServerFrame(frames[0]!, LIMITS);

        expect(frames).toHaveLength(1);
        expect(messages[0]?.body).toBe(name);
        expect(plain(messages[0])).toEqual(plain({ requestId, [name]: body }));
      }),
    );
  });

  it('bring the requests that are done', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 2 ** 32 - 1 })), (done) => {
        const [frame] = encodeServerFrames([{ requestId: 1, pong: {} }], done);

        expect(decodeServerFrame(frame!, LIMITS)).toMatchObject({
          messages: [{ requestId: 1 }],
          done,
        });
      }),
    );
  });

  it('are as many as keep each of them small', () => {
    const small = Array.from({ length: 2 * FRAME_MESSAGES_AIM }, (_, requestId) => ({
      requestId,
      pong: {},
    }));
    const message = 'x'.repeat(FRAME_BYTES_AIM);
    const large = Array.from({ length: 3 }, (_, requestId) => ({
      requestId,
      refusal: { code: '', message, fields: '' },
    }));

    expect(encodeServerFrames(small, [7])).toHaveLength(2);
    expect(encodeServerFrames(large, [])).toHaveLength(3);
    expect(encodeServerFrames([], [7])).toHaveLength(1);
  });

  it('keep a branch id of 63 bits to the last digit', () => {
    const branchId = '9223372036854775807';
    const target = { xid: 'a', branchId };
    const phaseTwo = { direction: 1, resourceId: 'db', targets: [target] };

    const [frame] = encodeServerFrames([{ requestId: 1, phaseTwo }], []);

    const { messages } = decodeServerFrame(frame!, LIMITS);
    expect(messages[0]?.phaseTwo?.targets[0]?.branchId).toBe(branchId);
  });
});

/** What was sent, without what a decoder adds: its classes, its long numbers, its defaults. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  if ('unsigned' in value) return Number(value);
  const members = Object.entries(value)
    .map(([name, member]) => [name, plain(member)] as const)
    .filter(([, member]) => !isDefault(member));
  return Object.fromEntries(members);
}

function isDefault(value: unknown): boolean {
  return [undefined, null, '', 0, false].includes(value as null) || String(value) === '';
}
