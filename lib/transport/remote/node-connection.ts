import type { Clock, DtxError, Timer } from '../../protocol/index.js';
import { UnknownWordError, errorLike, messageOf } from '../../protocol/index.js';
import type {
  ClientMessage,
  Decoded,
  ServerBodies,
  WireGoodbye,
  WireHello,
  WirePhaseTwo,
  WireRefusal,
  WireOutcomes,
  WireWelcome,
} from '../../protocol/wire/index.js';
import {
  FRAME_MESSAGES_MAX,
  SERVER_FRAME_BYTES_MAX,
  VERSIONS,
  decodeServerFrame,
  toWireRefusal,
} from '../../protocol/wire/index.js';
import { CallWindow } from './call-window.js';
import type { FrameStream, FrameStreamEvents } from './frame-stream.interface.js';
import { Heartbeat } from './heartbeat.js';
import { GOODBYE_MS_MAX, HANG_UP_MS_MAX, WELCOME_MS_MAX } from './limits.js';
import { Outbox } from './outbox.js';
import type { OutgoingCall } from './outgoing-call.js';
import { NODE_CLOSED } from './outgoing-call.js';

export interface NodeConnectionEvents {
  /** The node has welcomed this client. */
  onOpen(): void;
  /** The node wants no more requests. What was not sent has been released. */
  onGoodbye(goodbye: WireGoodbye): void;
  /**
   * The end, whatever came before; all calls have been released.
   *
   * @param refusal why the node will not have this client
   */
  onLost(reason: string, refusal: DtxError | undefined): void;
  onPhaseTwo(requestId: number, call: WirePhaseTwo): void;
}

interface NodeConnectionDeps {
  readonly clock: Clock;
  readonly hello: WireHello;
  readonly dial: (events: FrameStreamEvents) => FrameStream;
  readonly events: NodeConnectionEvents;
}

type State =
  /** Dialled, and the hello is written. */
  | 'connecting'
  | 'open'
  /** The node has said goodbye, or this side has: what is under way is still answered. */
  | 'leaving'
  | 'lost';

const LIMITS = { messageBytesMax: SERVER_FRAME_BYTES_MAX, messagesMax: FRAME_MESSAGES_MAX };

/** A node that says goodbye for one of these stops or is full: later it may be different. */
const PASSING: ReadonlySet<string> = new Set([NODE_CLOSED, 'DTX_ERR_RESOURCE_EXHAUSTED']);

/** The life of one stream to one node: from the dial to its loss. */
export class NodeConnection {
  readonly #deps: NodeConnectionDeps;
  readonly #stream: FrameStream;
  readonly #heartbeat: Heartbeat;
  #outbox: Outbox;
  #window: CallWindow;
  #state: State = 'connecting';
  #welcome: WireWelcome | undefined;
  #refusal: DtxError | undefined;
  /** What has been done to the stream by this side, or said by the node, before it was closed. */
  #reason: string | undefined;
  #timer: Timer;

  constructor(deps: NodeConnectionDeps) {
    const { clock, dial, hello } = deps;
    this.#deps = deps;
    this.#heartbeat = new Heartbeat({
      clock,
      ping: () => {
        this.#outbox.add({ requestId: 0, ping: {} });
      },
      onSilence: (silentMs) => {
        this.drop(`nothing was heard for ${String(Math.round(silentMs))} ms`);
      },
    });
    this.#outbox = this.#newOutbox(SERVER_FRAME_BYTES_MAX);
    this.#window = this.#newWindow(1);
    this.#timer = clock.after(WELCOME_MS_MAX, () => {
      this.drop(`no answer to the hello within ${String(WELCOME_MS_MAX)} ms`);
    });
    this.#stream = dial({
      onFrame: (frame) => {
        this.#read(frame);
      },
      onDrain: () => {
        this.#outbox.drained();
      },
      onClosed: (reason) => {
        this.#lost(this.#reason ?? reason);
      },
    });
    this.#outbox.add({ requestId: 0, hello });
  }

  get isOpen(): boolean {
    return this.#state === 'open';
  }

  get isLost(): boolean {
    return this.#state === 'lost';
  }

  /** Who the node is; empty before the welcome. */
  get nodeId(): string {
    return this.#welcome?.nodeId ?? '';
  }

  /** Whether other nodes see the same transactions. */
  get sharesStore(): boolean {
    return this.#welcome?.sharesStore === true;
  }

  /** Sends it, or keeps it until there is room. Only while the connection is open. */
  send(call: OutgoingCall): void {
    this.#window.add(call);
  }

  /** The same for what is about the connection itself; it goes first. */
  sendControl(call: OutgoingCall): void {
    if (this.#state !== 'open') call.released();
    else this.#window.addControl(call);
  }

  answer(requestId: number, outcomes: WireOutcomes): void {
    this.#outbox.add({ requestId, outcomes });
  }

  refuse(requestId: number, refusal: WireRefusal): void {
    this.#outbox.add({ requestId, refusal });
  }

  /** Takes leave in good order: nothing new is sent, and the node ends the stream. */
  hangUp(): void {
    if (this.#state === 'connecting' || this.#state === 'lost') {
      this.drop('this side has closed it');
      return;
    }
    this.#leave('this side has closed it', HANG_UP_MS_MAX);
    this.#outbox.add({ requestId: 0, goodbye: { code: '', reason: 'The client is closing.' } });
    this.#outbox.flush();
    this.#stream.end();
  }

  /**
   * Gives the stream up at once.
   *
   * @param refusal why it is no use to come back soon
   */
  drop(reason: string, refusal?: DtxError): void {
    if (this.#state === 'lost') return;
    this.#refusal ??= refusal;
    this.#reason ??= reason;
    // Its end may come late, or never: nobody is to wait for it.
    this.#lost(this.#reason);
    this.#stream.cancel();
  }

  #read(bytes: Uint8Array): void {
    if (this.#state === 'lost') return;
    this.#heartbeat.heard();
    try {
      const { done, messages } = decodeServerFrame(bytes, LIMITS);
      for (const message of messages) this.#hear(message);
      for (const requestId of done) this.#window.take(requestId)?.answered(undefined);
    } catch (error) {
      this.drop(messageOf(error));
      return;
    }
    this.#window.refill();
  }

  #hear(message: Decoded<ServerBodies>): void {
    const { body, requestId } = message;
    if (this.#state === 'connecting' && body !== 'welcome' && body !== 'goodbye') {
      throw new Error(`the node has answered the hello with ${String(body)}`);
    }
    switch (body) {
      case 'summary':
        this.#window.take(requestId)?.answered(message.summary);
        return;
      case 'phaseTwo':
        if (message.phaseTwo !== undefined)
          this.#deps.events.onPhaseTwo(requestId, message.phaseTwo);
        return;
      case 'done':
        this.#window.take(requestId)?.answered(undefined);
        return;
      case 'refusal':
        if (message.refusal !== undefined) this.#refused(requestId, message.refusal);
        return;
      case 'ping':
        this.#outbox.add({ requestId: 0, pong: {} });
        return;
      case 'pong':
        return;
      case 'welcome':
        if (message.welcome !== undefined) this.#welcomed(message.welcome);
        return;
      case 'goodbye':
        if (message.goodbye !== undefined) this.#goodbye(message.goodbye);
        return;
      case undefined:
        if (requestId !== 0) {
          this.refuse(requestId, toWireRefusal(new UnknownWordError('an operation', requestId)));
        }
    }
  }

  #welcomed(welcome: WireWelcome): void {
    const { frameBytesMax, heartbeatMs, inFlightMax, nodeId, version } = welcome;
    if (this.#state !== 'connecting') throw new Error('the node has welcomed this client twice');
    if (version < VERSIONS.min || version > VERSIONS.max || nodeId === '') {
      throw new Error(`the node has agreed on version ${String(version)}, which was not offered`);
    }
    this.#timer.cancel();
    this.#state = 'open';
    this.#welcome = welcome;
    this.#outbox.flush();
    this.#outbox = this.#newOutbox(frameBytesMax);
    this.#window = this.#newWindow(inFlightMax);
    this.#heartbeat.start(heartbeatMs);
    this.#deps.events.onOpen();
  }

  #refused(requestId: number, refusal: WireRefusal): void {
    // It stops, and its goodbye is on the way: nothing else is to be asked of it.
    if (refusal.code === NODE_CLOSED && this.#state === 'open') {
      this.#goodbye({ code: refusal.code, reason: refusal.message });
    }
    this.#window.take(requestId)?.refused(refusal);
  }

  #goodbye(goodbye: WireGoodbye): void {
    const { code, reason } = goodbye;
    if (this.#state === 'connecting') {
      const isPassing = PASSING.has(code);
      this.drop(reason, isPassing ? undefined : errorLike(code, withCode(code, reason), {}));
      return;
    }
    this.#leave(`the node has said goodbye: ${reason}`, GOODBYE_MS_MAX);
    this.#deps.events.onGoodbye(goodbye);
  }

  #leave(reason: string, msMax: number): void {
    this.#reason = reason;
    this.#state = 'leaving';
    this.#timer.cancel();
    this.#timer = this.#deps.clock.after(msMax, () => {
      this.drop(reason);
    });
    for (const call of this.#window.takeWaiting()) call.released();
  }

  #lost(reason: string): void {
    if (this.#state === 'lost') return;
    this.#state = 'lost';
    this.#timer.cancel();
    this.#heartbeat.stop();
    this.#outbox.close();
    // In the order in which they were made: first what was sent.
    for (const call of this.#window.takeSent()) call.released();
    for (const call of this.#window.takeWaiting()) call.released();
    this.#deps.events.onLost(reason, this.#refusal);
  }

  #newOutbox(frameBytesMax: number): Outbox {
    return new Outbox({
      frameBytesMax,
      write: (frame) => this.#stream.write(frame),
      onBad: (message, error) => {
        this.#cannotTravel(message, error);
      },
    });
  }

  #newWindow(max: number): CallWindow {
    return new CallWindow(max, (requestId, { body, operation }) => {
      this.#outbox.add({ requestId, [operation]: body });
    });
  }

  #cannotTravel(message: ClientMessage, error: unknown): void {
    const { outcomes, requestId } = message;
    if (outcomes === undefined) this.#window.take(requestId)?.failed(error);
    else this.refuse(requestId, toWireRefusal(error));
  }
}

function withCode(code: string, reason: string): string {
  return reason.startsWith('[') ? reason : `[${code}] ${reason}`;
}
