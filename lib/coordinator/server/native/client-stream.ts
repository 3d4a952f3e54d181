import { setMaxListeners } from 'node:events';

import type { ServerDuplexStream } from '@grpc/grpc-js';

import type { DtxError, GlobalSummary } from '../../../protocol/index.js';
import {
  CoordinatorClosedError,
  ProtocolViolationError,
  ResourceExhaustedError,
  UnknownWordError,
  isCommitDecided,
} from '../../../protocol/index.js';
import type {
  ClientBodies,
  WireGoodbye,
  WireHello,
  WireResource,
} from '../../../protocol/wire/index.js';
import {
  FRAME_MESSAGES_MAX,
  decodeClientFrame,
  toWireRefusal,
  toWireSummary,
} from '../../../protocol/wire/index.js';
import { FrameOutlet } from './frame-outlet.js';
import { greet } from './greeting.js';
import { statusOf } from './grpc-status.js';
import type { Namespace } from './native-server-options.js';
import { OpenRequests } from './open-requests.js';
import type { Caller, ClientRequest, Operation } from './operations.js';
import { isWait, operationOf } from './operations.js';
import type { StreamHost } from './stream-host.interface.js';
import { StreamResources } from './stream-resources.js';
import { Vigil } from './vigil.js';

export type ConnectCall = ServerDuplexStream<Buffer, Uint8Array>;

interface Client extends Caller {
  readonly namespaceName: string;
  readonly namespace: Namespace;
  readonly messageBytesMax: number;
}

/** The stream of one client process, from its first byte to its last. */
export class ClientStream {
  /** `address:port` of the other end. */
  readonly peer: string;
  readonly #call: ConnectCall;
  readonly #host: StreamHost;
  readonly #outlet: FrameOutlet;
  readonly #vigil: Vigil;
  readonly #resources: StreamResources;
  readonly #requests = new OpenRequests();
  /** Ends the waits of the client with it. */
  readonly #gone = new AbortController();
  #client: Client | undefined;
  #isOver = false;

  constructor(call: ConnectCall, host: StreamHost) {
    this.peer = call.getPeer();
    this.#call = call;
    this.#host = host;
    this.#vigil = new Vigil(host.settings);
    this.#outlet = this.#newOutlet();
    this.#resources = new StreamResources((message) => {
      this.#outlet.send(message);
    });
    // One for each wait; how many there may be is another bound.
    setMaxListeners(0, this.#gone.signal);
    this.#listen();
  }

  /** Whether the client was let in and is there. */
  get isOpen(): boolean {
    return this.#client !== undefined && !this.#isOver;
  }

  /** Asks the client to go elsewhere. What is under way goes on. */
  goodbye(goodbye: WireGoodbye): void {
    if (this.isOpen) this.#outlet.send({ requestId: 0, goodbye });
  }

  /** Resolves when no request is under way but those that may wait for long. */
  quiet(): Promise<void> {
    return this.#requests.quiet();
  }

  /** Says why, and hangs up. */
  close(reason: DtxError): void {
    if (this.#isOver) return;
    const { code, message } = reason;
    this.#outlet.send({ requestId: 0, goodbye: { code, reason: message } });
    this.#hangUp(reason, reason);
  }

  /** Hangs up; the client has been told before. */
  end(): void {
    if (this.#isOver) return;
    this.#hangUp(new CoordinatorClosedError('A request'), undefined);
  }

  /** Called regularly: looks after what is due by now. */
  sweep(): void {
    if (this.#isOver) return;
    const verdict = this.#vigil.sweep({
      isGreeted: this.#client !== undefined,
      isClogged: this.#outlet.isClogged,
      takenFrames: this.#outlet.takenFrames,
    });
    if (verdict === 'ask') this.#outlet.send({ requestId: 0, ping: {} });
    else if (verdict !== 'well') this.close(verdict);
  }

  #newOutlet(): FrameOutlet {
    const call = this.#call;
    return new FrameOutlet({
      traffic: this.#host.traffic,
      write: (frame, onTaken) => {
        call.write(frame, onTaken);
      },
      // A client that does not read its answers may not ask for more of them.
      onClogged: () => {
        call.pause();
      },
      onFree: () => {
        call.resume();
      },
      onOverflow: () => {
        this.close(new ProtocolViolationError('requests, without reading their answers'));
      },
    });
  }

  #listen(): void {
    const lost = (): void => {
      this.#lost();
    };
    this.#call.on('data', (bytes: Buffer) => {
      this.#receive(bytes);
    });
    // Whichever comes first: an end that was said, a connection that broke, a deadline.
    for (const event of ['end', 'cancelled', 'error', 'close']) this.#call.on(event, lost);
  }

  #receive(bytes: Buffer): void {
    if (this.#isOver) return;
    const { settings, traffic } = this.#host;
    traffic.framesReceived += 1;
    traffic.bytesReceived += bytes.length;
    this.#vigil.heard();
    let messages: readonly ClientRequest[];
    try {
      messages = decodeClientFrame(bytes, {
        messageBytesMax: this.#client?.messageBytesMax ?? settings.messageBytesMax,
        messagesMax: FRAME_MESSAGES_MAX,
      });
    } catch (error) {
      // It throws nothing else.
      this.close(error as DtxError);
      return;
    }
    traffic.messagesReceived += messages.length;
    if (messages.length === 0) this.#useless('empty frames');
    for (const message of messages) this.#take(message);
  }

  #take(message: ClientRequest): void {
    // What stands behind the message that has ended the stream does not count.
    if (this.#isOver) return;
    try {
      if (this.#client === undefined) this.#greet(message);
      else this.#dispatch(message, this.#client);
    } catch (error) {
      this.#host.failed(error);
      if (message.requestId !== 0) this.#refuse(message.requestId, error);
    }
  }

  #greet({ body, hello, oversizeBytes, requestId }: ClientRequest): void {
    if (body !== 'hello' || !hello || oversizeBytes !== undefined) {
      this.close(new ProtocolViolationError('something else where its hello should be'));
      return;
    }
    const { nodeId, settings, software } = this.#host;
    const greeting = greet(hello, settings);
    if ('refusal' in greeting) {
      this.close(greeting.refusal);
      return;
    }
    const client = this.#admit(hello);
    if (client === undefined) return;
    this.#client = client;
    const { frameBytesMax, heartbeatMs, inFlightMax, sharesStore } = settings;
    const { version } = greeting;
    const bounds = { inFlightMax, frameBytesMax, heartbeatMs };
    const welcome = { version, nodeId, software, sharesStore, ...bounds };
    this.#outlet.send({ requestId, welcome });
    // Behind the welcome, since phase two may come at once.
    for (const resource of hello.resources) {
      if (this.isOpen) this.#attachKnown(resource, client);
    }
  }

  #admit(hello: WireHello): Client | undefined {
    const { messageBytesMax, namespaceMessageBytesMax } = this.#host.settings;
    const { applicationId, instanceId, namespace } = hello;
    const hasOwn = Object.hasOwn(namespaceMessageBytesMax, namespace);
    try {
      if (this.#host.isDraining) throw new CoordinatorClosedError('A connection');
      return {
        applicationId,
        instanceId,
        namespaceName: namespace,
        namespace: this.#host.admit(this, hello),
        messageBytesMax: (hasOwn && namespaceMessageBytesMax[namespace]) || messageBytesMax,
      };
    } catch (error) {
      this.close(error as DtxError);
      return undefined;
    }
  }

  #dispatch(message: ClientRequest, client: Client): void {
    // The body is looked for among all members each time that it is asked for, hence once.
    const { body, outcomes, refusal, requestId } = message;
    const operation = operationOf(body);
    if (body !== undefined && operation !== undefined) {
      if (this.#accepts(message, body, client)) this.#serve(message, body, operation, client);
    } else if (body === 'attach' || body === 'detach') {
      if (this.#accepts(message, body, client)) this.#change(message, client);
    } else if (body === 'outcomes' && outcomes) {
      if (!this.#resources.calls.answered(requestId, outcomes)) this.#useless('answers');
    } else if (body === 'refusal' && refusal) {
      if (!this.#resources.calls.refused(requestId, refusal)) this.#useless('answers');
    } else if (body === 'ping') {
      this.#outlet.send({ requestId, pong: {} });
      this.#useless('pings');
    } else if (body === 'hello') {
      this.close(new ProtocolViolationError('a second hello'));
    } else if (body === undefined && requestId !== 0) {
      this.#refuse(requestId, UNKNOWN_OPERATION);
    } else {
      // A pong, a goodbye, or what only a newer version knows and nobody waits for.
      this.#useless('messages without a meaning');
    }
  }

  /** Whether the request is to be served; otherwise it is answered, or the stream closed, here. */
  #accepts({ oversizeBytes, requestId }: ClientRequest, body: string, client: Client): boolean {
    const { inFlightMax } = this.#host.settings;
    if (requestId === 0) {
      this.close(new ProtocolViolationError('a request without a number'));
    } else if (this.#requests.count >= inFlightMax) {
      const most = String(inFlightMax);
      this.close(new ProtocolViolationError(`more than ${most} requests at a time`));
    } else if (oversizeBytes !== undefined) {
      const { messageBytesMax, namespaceName } = client;
      const limit = `The size of a message in namespace ${namespaceName}, in bytes,`;
      const advice = `This one has ${String(oversizeBytes)}. Keep less with the branch.`;
      this.#refuse(requestId, new ResourceExhaustedError(limit, messageBytesMax, advice));
    } else if (this.#host.isDraining && body !== 'detach') {
      this.#refuse(requestId, new CoordinatorClosedError('A request'));
    } else {
      return true;
    }
    return false;
  }

  #serve(
    request: ClientRequest,
    body: keyof ClientBodies,
    operation: Operation<never>,
    client: Client,
  ): void {
    const { requestId } = request;
    // The table gives each operation the body of its own name.
    const parameters = request[body] as never;
    const mayWait = isWait(body, request);
    const gone = mayWait ? this.#gone.signal : undefined;
    const answer = operation(client.namespace, parameters, client, gone);
    const isCommit = body === 'commit';
    this.#requests.begin(mayWait);
    answer.then(
      (summary) => {
        if (summary === undefined) this.#outlet.done(requestId);
        else this.#answer(requestId, summary as GlobalSummary, isCommit && !mayWait);
        this.#requests.end(mayWait);
      },
      (error: unknown) => {
        this.#host.failed(error);
        this.#refuse(requestId, error);
        this.#requests.end(mayWait);
      },
    );
  }

  /**
   * The branches are left out where the answer says what was asked for: whoever does not wait for
   * phase two does not ask what becomes of them.
   */
  #answer(requestId: number, summary: GlobalSummary, mayBeShort: boolean): void {
    const { status } = summary;
    const isShort = mayBeShort && status !== 'absent' && isCommitDecided(status);
    this.#outlet.send({ requestId, summary: toWireSummary(summary, isShort) });
  }

  #refuse(requestId: number, error: unknown): void {
    this.#outlet.send({ requestId, refusal: toWireRefusal(error) });
  }

  #change({ attach, detach, requestId }: ClientRequest, client: Client): void {
    if (attach) {
      this.#resources.attach(attach, client.namespace, client);
      this.#outlet.done(requestId);
      return;
    }
    this.#requests.begin(false);
    void this.#resources.detach(detach?.resourceId ?? '').then(() => {
      this.#outlet.done(requestId);
      this.#requests.end(false);
    });
  }

  /** A resource of a branch type that only the client knows has no branches here. */
  #attachKnown(resource: WireResource, client: Client): void {
    try {
      this.#resources.attach(resource, client.namespace, client);
    } catch (error) {
      if (!(error instanceof UnknownWordError)) this.close(error as DtxError);
    }
  }

  /** What costs as much as a request and serves nobody is borne with for a while. */
  #useless(what: string): void {
    if (this.#vigil.useless()) return;
    this.close(new ProtocolViolationError(`too many ${what}`));
  }

  #hangUp(status: DtxError, reason: DtxError | undefined): void {
    this.#outlet.close();
    this.#leave(reason);
    this.#call.emit('error', statusOf(status));
  }

  #lost(): void {
    if (this.#isOver) return;
    this.#outlet.discard();
    this.#leave(undefined);
    this.#call.end();
  }

  #leave(reason: DtxError | undefined): void {
    this.#isOver = true;
    this.#resources.lose();
    this.#gone.abort();
    this.#requests.abandon();
    this.#host.over(this, reason);
  }
}

const UNKNOWN_OPERATION = new UnknownWordError('a request', 'of a newer version');
