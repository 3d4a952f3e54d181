import { ResourceExhaustedError } from '../../protocol/index.js';
import type { ClientMessage } from '../../protocol/wire/index.js';
import {
  FRAME_BYTES_AIM,
  FRAME_MESSAGES_AIM,
  encodeClientFrame,
} from '../../protocol/wire/index.js';

interface OutboxDeps {
  /** Bytes of a frame that the node accepts. */
  readonly frameBytesMax: number;
  /** @returns whether more may be written before drained() */
  readonly write: (frame: Uint8Array) => boolean;
  /** A message that cannot travel. The others of its frame can. */
  readonly onBad: (message: ClientMessage, error: unknown) => void;
}

/** Gathers what is said in one turn of the event loop, and writes it in as few frames as can be. */
export class Outbox {
  readonly #deps: OutboxDeps;
  #messages: ClientMessage[] = [];
  #isFlushPlanned = false;
  #isBlocked = false;
  #isClosed = false;

  constructor(deps: OutboxDeps) {
    this.#deps = deps;
  }

  add(message: ClientMessage): void {
    this.#messages.push(message);
    if (this.#isFlushPlanned || this.#isBlocked) return;
    this.#isFlushPlanned = true;
    queueMicrotask(() => {
      this.#isFlushPlanned = false;
      this.flush();
    });
  }

  /** The stream takes more again. */
  drained(): void {
    this.#isBlocked = false;
    this.flush();
  }

  flush(): void {
    while (this.#messages.length > 0 && !this.#isBlocked && !this.#isClosed) {
      const count = Math.min(this.#messages.length, FRAME_MESSAGES_AIM);
      const messages =
        count === this.#messages.length ? this.#messages : this.#messages.slice(0, count);
      this.#messages = count === this.#messages.length ? [] : this.#messages.slice(count);
      this.#send(messages);
    }
  }

  close(): void {
    this.#isClosed = true;
    this.#messages = [];
  }

  /** Sizes are known once it is encoded: halves of what was too much are encoded again. */
  #send(messages: readonly ClientMessage[]): void {
    const [message] = messages;
    if (message === undefined || this.#isClosed) return;
    const isAlone = messages.length === 1;
    const frame = encoded(messages);
    if (frame.kind === 'bytes') {
      const aim = Math.min(FRAME_BYTES_AIM, this.#deps.frameBytesMax);
      if (frame.bytes.length <= (isAlone ? this.#deps.frameBytesMax : aim)) {
        if (!this.#deps.write(frame.bytes)) this.#isBlocked = true;
        return;
      }
    }
    if (isAlone) {
      const error = frame.kind === 'bad' ? frame.error : tooLarge(this.#deps.frameBytesMax);
      this.#deps.onBad(message, error);
      return;
    }
    const half = Math.ceil(messages.length / 2);
    this.#send(messages.slice(0, half));
    this.#send(messages.slice(half));
  }
}

type Encoded =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'bad'; readonly error: unknown };

/** What a caller without types has passed may not be encodable. */
function encoded(messages: readonly ClientMessage[]): Encoded {
  try {
    return { kind: 'bytes', bytes: encodeClientFrame(messages) };
  } catch (error) {
    return { kind: 'bad', error };
  }
}

function tooLarge(max: number): ResourceExhaustedError {
  const advice = 'A request holds that many bytes at most; let it bring less data.';
  return new ResourceExhaustedError('The size of a request to the coordinator', max, advice);
}
