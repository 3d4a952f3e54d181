import type { ClientDuplexStream, StatusObject } from '@grpc/grpc-js';
import { ChannelCredentials, Client } from '@grpc/grpc-js';

import type {
  ClientMessage,
  Decoded,
  ServerBodies,
  WireGoodbye,
  WireHello,
  WirePhaseTwo,
  WireRefusal,
  WireSummary,
  WireWelcome,
} from '../../../../lib/protocol/wire/index.js';
import {
  CONNECT_METHOD,
  FRAME_MESSAGES_MAX,
  SERVER_FRAME_BYTES_MAX,
  decodeServerFrame,
  encodeClientFrame,
} from '../../../../lib/protocol/wire/index.js';
import { until } from '../../../support/until.js';

type Received = Partial<Decoded<ServerBodies>> & { readonly requestId: number };

/** Speaks the protocol word by word: it says what it is told to, and does nothing by itself. */
export class RawClient {
  readonly received: Received[] = [];
  frameCount = 0;
  status: StatusObject | undefined;
  readonly #client: Client;
  readonly #stream: ClientDuplexStream<Uint8Array, Buffer>;
  #lastRequestId = 0;

  constructor(address: string, credentials = ChannelCredentials.createInsecure()) {
    this.#client = new Client(address, credentials, {
      // Else clients of one process share a connection, and what happens to it.
      'grpc.use_local_subchannel_pool': 1,
      'grpc.max_receive_message_length': SERVER_FRAME_BYTES_MAX,
    });
    this.#stream = this.#client.makeBidiStreamRequest(
      CONNECT_METHOD.path,
      CONNECT_METHOD.requestSerialize,
      CONNECT_METHOD.responseDeserialize,
    );
    this.#stream.on('data', (bytes: Buffer) => {
      this.#take(bytes);
    });
    this.#stream.on('status', (status: StatusObject) => (this.status = status));
    this.#stream.on('error', () => undefined);
  }

  send(...messages: ClientMessage[]): void {
    this.sendBytes(encodeClientFrame(messages));
  }

  sendBytes(bytes: Uint8Array): void {
    this.#stream.write(bytes);
  }

  /** Takes nothing that comes from now on. */
  stopReading(): void {
    this.#stream.pause();
  }

  startReading(): void {
    this.#stream.resume();
  }

  /** Sends a hello and waits for what it is answered. */
  async hello(hello: Partial<WireHello> = {}): Promise<WireWelcome> {
    this.send({ requestId: this.newRequestId(), hello: { ...HELLO, ...hello } });
    await until(() => this.find('welcome') !== undefined || this.status !== undefined);
    const welcome = this.find('welcome');
    if (welcome) return welcome;
    throw new Error(`${this.goodbye?.code ?? 'no goodbye'}: ${String(this.status?.details)}`);
  }

  /** Sends a request and waits for its answer. */
  async ask(request: Omit<ClientMessage, 'requestId'>): Promise<Received> {
    const requestId = this.newRequestId();
    this.send({ ...request, requestId });
    return this.answerTo(requestId);
  }

  async answerTo(requestId: number): Promise<Received> {
    await until(() => this.#answer(requestId) !== undefined || this.status !== undefined);
    const answer = this.#answer(requestId);
    if (answer !== undefined) return answer;
    throw new Error(`No answer: ${String(this.status?.details)}`);
  }

  async summaryOf(request: Omit<ClientMessage, 'requestId'>): Promise<WireSummary> {
    const { summary } = await this.ask(request);
    if (!summary) throw new Error('The answer is no summary');
    return summary;
  }

  async refusalOf(request: Omit<ClientMessage, 'requestId'>): Promise<WireRefusal> {
    const { refusal } = await this.ask(request);
    if (!refusal) throw new Error('The answer is no refusal');
    return refusal;
  }

  /** Waits until the node has hung up, and tells why it says it has. */
  async ended(timeoutMs?: number): Promise<WireGoodbye | undefined> {
    await until(() => this.status !== undefined, timeoutMs);
    return this.goodbye;
  }

  /** Waits for a call of phase two; the first one, if it is not told how many there are to be. */
  async phaseTwo(count = 1): Promise<WirePhaseTwo & { readonly callId: number }> {
    const calls = (): Received[] => this.received.filter(({ body }) => body === 'phaseTwo');
    await until(() => calls().length >= count);
    const { phaseTwo, requestId } = calls()[count - 1]!;
    return { ...(phaseTwo as WirePhaseTwo), callId: requestId };
  }

  find<Name extends keyof ServerBodies>(name: Name): ServerBodies[Name] | undefined {
    return this.all(name)[0];
  }

  all<Name extends keyof ServerBodies>(name: Name): ServerBodies[Name][] {
    const found = this.received.filter(({ body }) => body === name);
    return found.map((message) => message[name] as ServerBodies[Name]);
  }

  get goodbye(): WireGoodbye | undefined {
    return this.find('goodbye');
  }

  newRequestId(): number {
    this.#lastRequestId += 1;
    return this.#lastRequestId;
  }

  /** Half-closes the stream. */
  end(): void {
    this.#stream.end();
  }

  close(): void {
    this.#stream.cancel();
    this.#client.close();
  }

  #answer(requestId: number): Received | undefined {
    return this.received.find(
      (message) => message.requestId === requestId && message.body !== 'phaseTwo',
    );
  }

  #take(bytes: Buffer): void {
    const { done, messages } = decodeServerFrame(bytes, {
      messageBytesMax: SERVER_FRAME_BYTES_MAX,
      messagesMax: FRAME_MESSAGES_MAX,
    });
    this.frameCount += 1;
    this.received.push(...messages);
    this.received.push(...done.map((requestId) => ({ requestId, body: 'done' as const })));
  }
}

const HELLO: WireHello = {
  versionMin: 1,
  versionMax: 1,
  namespace: 'default',
  applicationId: 'orders',
  instanceId: 'orders-1',
  resources: [],
  credential: '',
  software: 'test',
};
