import type { ServerDuplexStream } from '@grpc/grpc-js';
import { Server, ServerCredentials, status } from '@grpc/grpc-js';

import type {
  ClientBodies,
  ClientMessage,
  Decoded,
  ServerMessage,
  WireHello,
} from '../../../lib/protocol/wire/index.js';
import {
  CLIENT_FRAME_BYTES_MAX,
  CONNECT_METHOD,
  FRAME_MESSAGES_MAX,
  decodeClientFrame,
  encodeServerFrames,
} from '../../../lib/protocol/wire/index.js';

export type FromClient = Decoded<ClientBodies>;

const COMMITTED = 3;
const LIMITS = { messageBytesMax: CLIENT_FRAME_BYTES_MAX, messagesMax: FRAME_MESSAGES_MAX };

/** One client at a scripted node. */
export interface ScriptedStream {
  readonly hello: WireHello;
  say(...messages: readonly ServerMessage[]): void;
  /** Bytes as they are. */
  sayBytes(bytes: Uint8Array): void;
  done(...requestIds: readonly number[]): void;
  /** Hears nothing from now on; says only what the test says. */
  stopReading(): void;
  end(): void;
  /** Breaks it off. */
  cut(): void;
}

/** Returns true for what it has taken care of. */
type Script = (message: FromClient, stream: ScriptedStream) => boolean;

export interface ScriptedNodeOptions {
  readonly nodeId?: string;
  readonly port?: number;
  readonly heartbeatMs?: number;
  readonly inFlightMax?: number;
  readonly frameBytesMax?: number;
  readonly sharesStore?: boolean;
  readonly credentials?: ServerCredentials;
}

/**
 * A node that says yes to everything and notes what it was told, unless the script of the test
 * takes a message: it can play nodes that misbehave.
 */
export class ScriptedNode {
  readonly heard: FromClient[] = [];
  /** How many messages each frame had. */
  readonly frames: number[] = [];
  readonly streams: ScriptedStream[] = [];
  script: Script = () => false;
  port = 0;
  readonly #server = new Server();
  readonly #options: ScriptedNodeOptions;

  static async start(options: ScriptedNodeOptions = {}): Promise<ScriptedNode> {
    const node = new ScriptedNode(options);
    await node.#listen();
    return node;
  }

  private constructor(options: ScriptedNodeOptions) {
    this.#options = options;
  }

  get url(): string {
    return `dtx://127.0.0.1:${String(this.port)}`;
  }

  get stream(): ScriptedStream {
    return this.streams.at(-1)!;
  }

  /** The names of what was asked, without greetings and heartbeats. */
  get asked(): readonly string[] {
    return this.requests.map(({ body }) => body!);
  }

  get requests(): readonly FromClient[] {
    return this.heard.filter(({ requestId }) => requestId !== 0);
  }

  stop(): void {
    this.#server.forceShutdown();
  }

  async #listen(): Promise<void> {
    const { credentials = ServerCredentials.createInsecure(), port = 0 } = this.#options;
    this.#server.register(
      CONNECT_METHOD.path,
      (call: ServerDuplexStream<Buffer, Uint8Array>) => {
        this.#serve(call);
      },
      CONNECT_METHOD.responseSerialize,
      CONNECT_METHOD.requestDeserialize,
      'bidi',
    );
    this.port = await new Promise<number>((resolve, reject) => {
      this.#server.bindAsync(`127.0.0.1:${String(port)}`, credentials, (error, bound) => {
        if (error === null) resolve(bound);
        else reject(error);
      });
    });
  }

  #serve(call: ServerDuplexStream<Buffer, Uint8Array>): void {
    let hello: WireHello | undefined;
    const say = (messages: readonly ServerMessage[], done: readonly number[]): void => {
      for (const frame of encodeServerFrames(messages, done)) call.write(frame);
    };
    const stream: ScriptedStream = {
      get hello() {
        return hello!;
      },
      say: (...messages) => {
        say(messages, []);
      },
      sayBytes: (bytes) => void call.write(bytes),
      done: (...requestIds) => {
        say([], requestIds);
      },
      stopReading: () => void call.removeAllListeners('data').pause(),
      end: () => {
        call.end();
      },
      cut: () => {
        call.emit('error', { code: status.UNAVAILABLE, details: 'cut' });
      },
    };
    call.on('error', () => undefined);
    call.on('end', () => {
      call.end();
    });
    call.on('data', (bytes: Buffer) => {
      const messages = decodeClientFrame(bytes, LIMITS);
      this.frames.push(messages.length);
      for (const message of messages) {
        if (message.hello !== undefined && message.body === 'hello') {
          hello = message.hello;
          this.streams.push(stream);
        }
        this.heard.push(message);
        if (!this.script(message, stream)) this.#answer(message, stream);
      }
    });
  }

  #answer(message: FromClient, stream: ScriptedStream): void {
    const { heartbeatMs = 3_000, inFlightMax = 100, frameBytesMax = 1_000_000 } = this.#options;
    const { body, requestId } = message;
    if (body === 'hello') {
      const { nodeId = 'node', sharesStore = true } = this.#options;
      const software = 'scripted';
      const welcome = {
        version: 1,
        nodeId,
        inFlightMax,
        frameBytesMax,
        heartbeatMs,
        software,
        sharesStore,
      };
      stream.say({ requestId: 0, welcome });
    } else if (body === 'ping') stream.say({ requestId: 0, pong: {} });
    else if (isAskedForState(message)) stream.say(committed(message));
    else if (requestId !== 0 && body !== 'outcomes' && body !== 'refusal') stream.done(requestId);
  }
}

function isAskedForState({ body }: FromClient): boolean {
  return ['commit', 'rollback', 'status', 'awaitRelease'].includes(body ?? '');
}

/** The answer to what asks for a state. */
export function committed(message: FromClient): ServerMessage {
  const summary = { xid: xidOf(message), status: COMMITTED, reason: 0, branches: [] };
  return { requestId: message.requestId, summary };
}

export function xidOf(message: ClientMessage): string {
  const { awaitRelease, begin, commit, registerBranch, rollback, status } = message;
  const body = begin ?? registerBranch ?? commit ?? rollback ?? status ?? awaitRelease;
  return body?.xid ?? '';
}
