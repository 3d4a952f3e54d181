import { FrameOutlet } from '../../../lib/coordinator/server/native/frame-outlet.js';
import { CLOGGED_FRAMES } from '../../../lib/coordinator/server/native/limits.js';
import { noTraffic } from '../../../lib/coordinator/server/native/traffic.js';
import {
  FRAME_BYTES_AIM,
  FRAME_MESSAGES_AIM,
  FRAME_MESSAGES_MAX,
  SERVER_FRAME_BYTES_MAX,
  decodeServerFrame,
} from '../../../lib/protocol/wire/index.js';

const LIMITS = { messageBytesMax: SERVER_FRAME_BYTES_MAX, messagesMax: FRAME_MESSAGES_MAX };

/** A client that takes a frame when the test says so. */
class Reader {
  readonly events: string[] = [];
  readonly traffic = noTraffic();
  readonly frames: Uint8Array[] = [];
  readonly #waiting: (() => void)[] = [];
  readonly outlet = new FrameOutlet({
    traffic: this.traffic,
    write: (frame, onTaken) => {
      this.frames.push(frame);
      this.#waiting.push(onTaken);
    },
    onClogged: () => this.events.push('clogged'),
    onFree: () => this.events.push('free'),
    onOverflow: () => this.events.push('overflow'),
  });

  take(count = Infinity): void {
    while (this.#waiting.length > 0 && count-- > 0) this.#waiting.shift()!();
  }

  get ids(): number[] {
    return this.frames.flatMap((frame) => {
      const { done, messages } = decodeServerFrame(frame, LIMITS);
      return [...messages.map(({ requestId }) => requestId), ...done];
    });
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const large = (requestId: number) => ({
  requestId,
  refusal: { code: '', message: 'x'.repeat(FRAME_BYTES_AIM), fields: '' },
});

describe('The outlet of a stream', () => {
  let reader: Reader;
  let outlet: FrameOutlet;
  beforeEach(() => {
    reader = new Reader();
    outlet = reader.outlet;
  });

  it('sends the answers of one turn in one frame, however long their way was', async () => {
    outlet.send({ requestId: 1, pong: {} });
    void Promise.resolve().then(() => {
      outlet.done(2);
      void Promise.resolve().then(() => {
        outlet.done(3);
      });
    });
    await turn();

    expect(reader.frames).toHaveLength(1);
    expect(reader.ids).toEqual([1, 2, 3]);
    expect(reader.traffic).toMatchObject({ messagesSent: 3, framesSent: 1 });
  });

  it('begins a new frame where one is long enough', async () => {
    for (let id = 1; id <= FRAME_MESSAGES_AIM + 1; id += 1)
      outlet.send({ requestId: id, pong: {} });
    await turn();
    for (let id = 1; id <= 3; id += 1) outlet.send(large(id));
    await turn();

    expect(reader.frames).toHaveLength(2 + 3);
  });

  it('holds what the client does not take, and says when that begins and ends', async () => {
    for (let id = 1; id <= 10; id += 1) {
      outlet.send(large(id));
      await turn();
    }
    const written = reader.frames.length;
    reader.take();
    reader.take();
    await turn();

    expect(written).toBe(4);
    expect(reader.events).toEqual(['clogged', 'free']);
    expect(reader.ids).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });

  it('counts small frames too', async () => {
    for (let id = 1; id <= CLOGGED_FRAMES + 5; id += 1) {
      outlet.done(id);
      await turn();
    }

    expect(reader.events).toEqual(['clogged']);
    expect(reader.frames).toHaveLength(CLOGGED_FRAMES);
    reader.take();
    expect(reader.ids).toHaveLength(CLOGGED_FRAMES + 5);
    expect(reader.frames).toHaveLength(CLOGGED_FRAMES + 1);
  });

  it('has a bound for what the client does not take', async () => {
    for (let id = 1; id <= 200 && !reader.events.includes('overflow'); id += 1) {
      for (let part = 0; part < 2; part += 1) outlet.send(large(id));
      outlet.flush();
    }

    expect(reader.events).toEqual(['clogged', 'overflow']);
    expect(reader.traffic.bytesSent).toBeLessThan(2 * 1_048_576);
  });

  it('writes large summaries before many of them are gathered', () => {
    const branch = {
      branchId: '1',
      seq: 1,
      type: 1,
      resourceId: 'db',
      status: 1,
      attempts: 0,
      failedAttempts: [],
    };
    const branches = Array.from({ length: 1_000 }, () => branch);
    for (let id = 1; id <= 5; id += 1) {
      outlet.send({ requestId: id, summary: { xid: 'a', status: 1, reason: 0, branches } });
    }

    expect(reader.ids).toEqual([1, 2, 3, 4, 5]);
  });

  it('sends what is there when it closes, and nothing after that', async () => {
    outlet.done(1);
    outlet.close();
    outlet.done(2);
    outlet.send({ requestId: 3, pong: {} });
    await turn();

    expect(reader.ids).toEqual([1]);
  });

  it('sends nothing when nobody is there', async () => {
    outlet.done(1);
    outlet.discard();
    await turn();

    expect(reader.frames).toEqual([]);
  });
});
