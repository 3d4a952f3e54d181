import fc from 'fast-check';

import { DtxError } from '../../../../lib/protocol/index.js';
import type { ClientMessage, ServerMessage } from '../../../../lib/protocol/wire/index.js';
import {
  decodeClientFrame,
  decodeServerFrame,
  encodeClientFrame,
  encodeServerFrames,
  fromWireOutcomes,
  fromWirePhaseTwo,
  fromWireRefusal,
  fromWireRegisterBranch,
  fromWireResource,
  fromWireSummary,
} from '../../../../lib/protocol/wire/index.js';
import { CLIENT_BODIES, SERVER_BODIES, anyMessage } from './messages.js';
import { Chance } from './chance.js';

const FRAMES = 100_000;
const LIMITS = { messageBytesMax: 131_072, messagesMax: 10_000 };
const CALLER = { applicationId: 'orders', instanceId: 'orders-1' };

/** Named in a failure, and can be put here to see it again. */
const SEED = Number(process.env['DTX_SEED'] ?? Date.now() % 1_000_000);

const clientFrames = fc
  .sample(fc.array(anyMessage(CLIENT_BODIES), { maxLength: 5 }), { numRuns: 300, seed: SEED })
  .map((messages) => encodeClientFrame(messages as ClientMessage[]));
const serverFrames = fc
  .sample(fc.array(anyMessage(SERVER_BODIES), { maxLength: 5 }), { numRuns: 300, seed: SEED })
  .flatMap((messages) => encodeServerFrames(messages as ServerMessage[], [1, 2, 3]));

// Bytes of others are read with two functions. Whatever the bytes are, they either give messages or
// throw a BadFrameError, soon, and leave no trace; and the messages can be taken apart as safely.
describe(`Of ${String(FRAMES)} random frames (seed ${String(SEED)}) each decoder`, () => {
  const prototypeBefore = Object.getOwnPropertyNames(Object.prototype).sort();

  afterEach(() => {
    expect(Object.getOwnPropertyNames(Object.prototype).sort()).toEqual(prototypeBefore);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it.each([
    ['of a node', decodeClientFrame, takeClientMessage, clientFrames],
    ['of a client', decodeServerFrame, takeServerMessage, serverFrames],
  ])(
    '%s makes messages or a BadFrameError, and nothing else',
    (_whose, decode, take, frames) => {
      const chance = new Chance(SEED);
      const seen = { messages: 0, empty: 0, bad: 0 };
      let slowestMs = 0;
      for (let count = 0; count < FRAMES; count += 1) {
        const bytes = chance.isOneIn(4) ? chance.bytes(200) : chance.mutated(chance.of(frames));
        const startMs = performance.now();
        const outcome = outcomeOf(() => {
          const frame = decode(bytes, LIMITS);
          const messages = 'messages' in frame ? frame.messages : frame;
          for (const message of messages) take(message as never);
          return messages.length > 0;
        });
        seen[outcome] += 1;
        slowestMs = Math.max(slowestMs, performance.now() - startMs);
      }

      // All three were seen, or the frames would not be worth much.
      expect(Object.values(seen).every((count) => count > FRAMES / 1_000)).toBe(true);
      expect(slowestMs).toBeLessThan(1_000);
    },
    120_000,
  );
});

describe('A frame that was made to do harm', () => {
  it('of groups within groups is bad', () => {
    // Tag of field 9, a group begins; a million of them.
    expect(() => decodeClientFrame(Buffer.alloc(1_000_000, 0x4b), LIMITS)).toThrow(
      'DTX_ERR_PROTOCOL_BAD_FRAME',
    );
  });

  it('of messages that claim more bytes than there are is bad', () => {
    const claims = Buffer.from([0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f]);

    expect(() => decodeClientFrame(claims, LIMITS)).toThrow('DTX_ERR_PROTOCOL_BAD_FRAME');
    expect(() => decodeServerFrame(claims, LIMITS)).toThrow('DTX_ERR_PROTOCOL_BAD_FRAME');
  });

  it('of a message that reaches into the next one is bad', () => {
    // Four bytes of a message, in which a begin of five bytes begins.
    const overlapping = Buffer.from([0x0a, 4, 0x12, 5, 0x0a, 3, 0x61, 0x62, 0x63]);

    expect(() => decodeClientFrame(overlapping, LIMITS)).toThrow('DTX_ERR_PROTOCOL_BAD_FRAME');
  });

  it('of a list of numbers that never ends is bad', () => {
    const numbers = Buffer.concat([Buffer.from([0x12, 0x7f]), Buffer.alloc(50, 0x80)]);

    expect(() => decodeServerFrame(numbers, LIMITS)).toThrow('DTX_ERR_PROTOCOL_BAD_FRAME');
  });

  it('of a megabyte of empty messages has too many of them', () => {
    const empties = Buffer.alloc(1_000_000).map((_, index) => (index % 2 === 0 ? 0x0a : 0));

    expect(() => decodeClientFrame(empties, LIMITS)).toThrow('more than 10000 messages');
  });

  it.each(['__proto__', 'constructor', 'toString', 'stack', 'message', 'code'])(
    'cannot set %s of an error',
    (name) => {
      const fields = `{"${name}":"x","xid":"a","list":{"polluted":1}}`;

      const error = fromWireRefusal({ code: 'DTX_ERR_TC_NOT_ACTIVE', message: 'm', fields });

      expect(Object.entries(error)).toEqual(expect.arrayContaining([['xid', 'a']]));
      expect(error).toMatchObject({ code: 'DTX_ERR_TC_NOT_ACTIVE', message: 'm' });
      expect(error).toBeInstanceOf(DtxError);
      expect('list' in error).toBe(false);
    },
  );
});

type Outcome = 'messages' | 'empty' | 'bad';

function outcomeOf(attempt: () => boolean): Outcome {
  try {
    return attempt() ? 'messages' : 'empty';
  } catch (error) {
    if ((error as DtxError).code === 'DTX_ERR_PROTOCOL_BAD_FRAME') return 'bad';
    throw error;
  }
}

/** Does with a message what a node does. */
function takeClientMessage(message: ReturnType<typeof decodeClientFrame>[number]): void {
  const { attach, body, outcomes, refusal, registerBranch } = message;
  if (body !== undefined && !(body in CLIENT_BODIES)) throw new Error(`A body of ${body}`);
  orUnknownWord(() => registerBranch && fromWireRegisterBranch(registerBranch, CALLER));
  orUnknownWord(() => attach && fromWireResource(attach));
  orUnknownWord(() => outcomes && fromWireOutcomes(outcomes, 3));
  orUnknownWord(() => refusal && fromWireRefusal(refusal));
}

/** Does with a message what a client does. */
function takeServerMessage(
  message: ReturnType<typeof decodeServerFrame>['messages'][number],
): void {
  const { body, phaseTwo, refusal, summary } = message;
  if (body !== undefined && !(body in SERVER_BODIES)) throw new Error(`A body of ${body}`);
  orUnknownWord(() => phaseTwo && fromWirePhaseTwo(phaseTwo));
  orUnknownWord(() => summary && fromWireSummary(summary));
  orUnknownWord(() => refusal && fromWireRefusal(refusal));
}

function orUnknownWord(take: () => unknown): void {
  try {
    take();
  } catch (error) {
    if ((error as DtxError).code !== 'DTX_ERR_PROTOCOL_UNKNOWN') throw error;
  }
}
