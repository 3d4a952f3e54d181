import { ResourceExhaustedError } from '../../../lib/protocol/index.js';
import type { ClientMessage } from '../../../lib/protocol/wire/index.js';
import {
  FRAME_BYTES_AIM,
  FRAME_MESSAGES_AIM,
  FRAME_MESSAGES_MAX,
  SERVER_FRAME_BYTES_MAX,
  decodeClientFrame,
} from '../../../lib/protocol/wire/index.js';
import { Outbox } from '../../../lib/transport/remote/outbox.js';

const LIMITS = { messageBytesMax: SERVER_FRAME_BYTES_MAX, messagesMax: FRAME_MESSAGES_MAX };

/** A stream that is full when the test says so. */
class Stream {
  isFull = false;
  readonly sizes: number[] = [];
  readonly frames: number[][] = [];
  readonly bad: [number, unknown][] = [];
  readonly outbox: Outbox;

  constructor(frameBytesMax = SERVER_FRAME_BYTES_MAX) {
    this.outbox = new Outbox({
      frameBytesMax,
      write: (frame) => {
        this.sizes.push(frame.length);
        this.frames.push(decodeClientFrame(frame, LIMITS).map(({ requestId }) => requestId));
        return !this.isFull;
      },
      onBad: ({ requestId }, error) => this.bad.push([requestId, error]),
    });
  }

  get ids(): number[] {
    return this.frames.flat();
  }

  add(count: number, from = 1): void {
    for (let id = from; id < from + count; id += 1) this.outbox.add({ requestId: id, ping: {} });
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);
const large = (requestId: number, length: number): ClientMessage => ({
  requestId,
  refusal: { code: '', message: 'x'.repeat(length), fields: '' },
});

describe('The outbox of a connection', () => {
  it('writes what is said in one turn as one frame, in order', async () => {
    const stream = new Stream();
    stream.add(3);
    expect(stream.frames).toEqual([]);
    await turn();

    expect(stream.frames).toEqual([[1, 2, 3]]);
  });

  it('splits by the count of messages', async () => {
    const stream = new Stream();
    stream.add(FRAME_MESSAGES_AIM + 1);
    await turn();

    expect(stream.frames.map(({ length }) => length)).toEqual([FRAME_MESSAGES_AIM, 1]);
    expect(stream.ids).toEqual(upTo(FRAME_MESSAGES_AIM + 1));
  });

  it('splits by bytes, in order', async () => {
    const stream = new Stream();
    for (const id of upTo(9)) stream.outbox.add(large(id, FRAME_BYTES_AIM / 4));
    await turn();

    expect(Math.max(...stream.sizes)).toBeLessThanOrEqual(FRAME_BYTES_AIM);
    expect(stream.frames.length).toBeLessThanOrEqual(5);
    expect(stream.ids).toEqual(upTo(9));
  });

  it('respects a node whose frames are small', async () => {
    const stream = new Stream(1_000);
    for (const id of upTo(9)) stream.outbox.add(large(id, 300));
    await turn();

    expect(Math.max(...stream.sizes)).toBeLessThanOrEqual(1_000);
    expect(stream.ids).toEqual(upTo(9));
  });

  it('sends a large message alone, and refuses the one that is too large, alone', async () => {
    const stream = new Stream(2 * FRAME_BYTES_AIM);
    stream.add(2);
    stream.outbox.add(large(3, 1.5 * FRAME_BYTES_AIM));
    stream.outbox.add(large(4, 2 * FRAME_BYTES_AIM));
    stream.add(2, 5);
    await turn();

    expect(stream.ids).toEqual([1, 2, 3, 5, 6]);
    expect(stream.frames).toContainEqual([3]);
    expect(stream.bad).toEqual([[4, expect.any(ResourceExhaustedError)]]);
  });

  it('refuses what cannot be written down, alone', async () => {
    const stream = new Stream();
    stream.add(1);
    const hello = {
      get namespace() {
        throw new Error('unreadable');
      },
    };
    stream.outbox.add({ requestId: 2, hello } as unknown as ClientMessage);
    stream.add(1, 3);
    await turn();

    expect(stream.ids).toEqual([1, 3]);
    expect(stream.bad).toEqual([[2, new Error('unreadable')]]);
  });

  it('writes nothing into a full stream until it has drained, and forgets nothing', async () => {
    const stream = new Stream();
    stream.isFull = true;
    stream.add(1);
    await turn();
    stream.add(2, 2);
    await turn();
    stream.outbox.flush();
    expect(stream.frames).toEqual([[1]]);

    stream.isFull = false;
    stream.outbox.drained();
    expect(stream.frames).toEqual([[1], [2, 3]]);

    stream.add(1, 4);
    await turn();
    expect(stream.frames).toEqual([[1], [2, 3], [4]]);
  });

  it('writes nothing after it was closed', async () => {
    const stream = new Stream();
    stream.add(1);
    stream.outbox.close();
    stream.add(1, 2);
    await turn();
    stream.outbox.drained();

    expect(stream.frames).toEqual([]);
  });
});
