import type { ServerMessage } from '../../../protocol/wire/index.js';
import { FRAME_MESSAGES_AIM, encodeServerFrames } from '../../../protocol/wire/index.js';
import { BRANCHES_HELD_MAX, CLOGGED_BYTES, CLOGGED_FRAMES, OUTGOING_BYTES_MAX } from './limits.js';
import type { Traffic } from './traffic.js';

interface FrameOutletDeps {
  readonly traffic: Traffic;
  /** @param onTaken the client's end of the connection has taken the frame */
  readonly write: (frame: Uint8Array, onTaken: () => void) => void;
  /** The client takes nothing at the moment: ask it nothing, and read nothing from it. */
  readonly onClogged: () => void;
  readonly onFree: () => void;
  /** More is waiting for the client than may be. */
  readonly onOverflow: () => void;
}

/**
 * What one stream sends. Messages of one turn go out together, in frames of a bounded size; while
 * the client does not read they wait here, up to a bound.
 */
export class FrameOutlet {
  readonly #deps: FrameOutletDeps;
  #messages: ServerMessage[] = [];
  #done: number[] = [];
  /** Of the summaries among the messages: what makes them large. */
  #branchCount = 0;
  #isScheduled = false;
  #held: Uint8Array[] = [];
  #heldBytes = 0;
  #pendingBytes = 0;
  #pendingFrames = 0;
  #takenFrames = 0;
  #isToldClogged = false;
  #isClosed = false;

  constructor(deps: FrameOutletDeps) {
    this.#deps = deps;
  }

  get isClogged(): boolean {
    return (
      this.#pendingBytes >= CLOGGED_BYTES ||
      this.#pendingFrames >= CLOGGED_FRAMES ||
      this.#held.length > 0
    );
  }

  /** Frames that the client has taken so far. */
  get takenFrames(): number {
    return this.#takenFrames;
  }

  send(message: ServerMessage): void {
    if (this.#isClosed) return;
    this.#messages.push(message);
    this.#branchCount += message.summary?.branches.length ?? 0;
    if (this.#branchCount > BRANCHES_HELD_MAX) this.flush();
    else this.#schedule();
  }

  /** The request is done, and there is nothing else to say about it. */
  done(requestId: number): void {
    if (this.#isClosed) return;
    this.#done.push(requestId);
    this.#schedule();
  }

  /** Sends what is there. */
  flush(): void {
    if (this.#messages.length === 0 && this.#done.length === 0) return;
    for (const frame of this.#encode()) this.#push(frame);
    if (this.#pendingBytes + this.#heldBytes > OUTGOING_BYTES_MAX) this.#deps.onOverflow();
  }

  /** Sends what is there and nothing after it. What the client has not taken goes out as it is. */
  close(): void {
    if (this.#isClosed) return;
    for (const frame of this.#held.splice(0)) this.#write(frame);
    for (const frame of this.#encode()) this.#write(frame);
    this.#isClosed = true;
  }

  /** Nobody is there any more. */
  discard(): void {
    this.#isClosed = true;
    this.#messages = [];
    this.#done = [];
    this.#held = [];
  }

  /**
   * Not a microtask, but what comes behind all of them: answers that become durable together come
   * through chains of promises of different lengths, and are to share a frame.
   */
  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    process.nextTick(() => {
      this.#isScheduled = false;
      if (this.#isWorthHolding()) return;
      this.flush();
    });
  }

  /** While the client takes nothing, few large frames are kept rather than many small ones. */
  #isWorthHolding(): boolean {
    return this.isClogged && this.#messages.length + this.#done.length < FRAME_MESSAGES_AIM;
  }

  #encode(): Uint8Array[] {
    if (this.#messages.length === 0 && this.#done.length === 0) return [];
    const { traffic } = this.#deps;
    traffic.messagesSent += this.#messages.length + this.#done.length;
    const frames = encodeServerFrames(this.#messages, this.#done);
    this.#messages = [];
    this.#done = [];
    this.#branchCount = 0;
    return frames;
  }

  #push(frame: Uint8Array): void {
    if (this.isClogged) {
      this.#held.push(frame);
      this.#heldBytes += frame.length;
      return;
    }
    this.#write(frame);
    this.#tell();
  }

  #tell(): void {
    if (this.isClogged === this.#isToldClogged) return;
    this.#isToldClogged = !this.#isToldClogged;
    if (this.#isToldClogged) this.#deps.onClogged();
    else this.#deps.onFree();
  }

  #write(frame: Uint8Array): void {
    const { traffic, write } = this.#deps;
    traffic.framesSent += 1;
    traffic.bytesSent += frame.length;
    this.#pendingBytes += frame.length;
    this.#pendingFrames += 1;
    write(frame, () => {
      this.#taken(frame.length);
    });
  }

  #taken(bytes: number): void {
    this.#pendingBytes -= bytes;
    this.#pendingFrames -= 1;
    this.#takenFrames += 1;
    if (!this.#isToldClogged || this.#isClosed) return;
    while (this.#held.length > 0 && this.#pendingBytes < CLOGGED_BYTES) this.#writeHeld();
    if (!this.isClogged) this.flush();
    this.#tell();
  }

  #writeHeld(): void {
    const frame = this.#held.shift();
    if (frame === undefined) return;
    this.#heldBytes -= frame.length;
    this.#write(frame);
  }
}
