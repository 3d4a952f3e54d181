import type { ClientHttp2Session, ClientHttp2Stream } from 'node:http2';
import { connect } from 'node:http2';

import { CONNECT_METHOD, encodeClientFrame } from '../../../../lib/protocol/wire/index.js';
import type { ClientMessage } from '../../../../lib/protocol/wire/index.js';

/** A stream without gRPC at this end: any bytes can be sent, in any pieces. */
export class RawHttp2 {
  readonly session: ClientHttp2Session;
  readonly stream: ClientHttp2Stream;
  readonly #closed: Promise<unknown>;

  constructor(address: string, headers: Readonly<Record<string, string>> = {}) {
    this.session = connect(`http://${address}`);
    this.session.on('error', () => undefined);
    this.#closed = new Promise((resolve) => this.session.once('close', resolve));
    this.stream = this.session.request({
      ':method': 'POST',
      ':path': CONNECT_METHOD.path,
      'content-type': 'application/grpc',
      te: 'trailers',
      ...headers,
    });
    this.stream.on('error', () => undefined);
    this.stream.resume();
  }

  /** Resolves once the other side has cut the connection. */
  async closed(): Promise<void> {
    await this.#closed;
  }

  /** Writes until the other side takes no more. */
  async flood(piece: Uint8Array, count: number): Promise<void> {
    for (let left = count; left > 0 && !this.stream.destroyed; left -= 1) {
      if (this.stream.write(piece)) continue;
      const drained = new Promise((resolve) => this.stream.once('drain', resolve));
      await Promise.race([drained, this.#closed]);
    }
  }

  close(): void {
    this.session.destroy();
  }
}

/** As gRPC puts it on the wire: a flag, the length, the bytes. */
export function grpcFrame(bytes: Uint8Array, isCompressed = false): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt8(isCompressed ? 1 : 0, 0);
  head.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}

export function grpcFrameOf(...messages: ClientMessage[]): Buffer {
  return grpcFrame(encodeClientFrame(messages));
}
