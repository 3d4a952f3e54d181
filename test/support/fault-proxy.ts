import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';

/** How the relay treats the next packet with a given text. */
export type Fault =
  /** It reaches the server; the answer is swallowed and the connection reset. */
  | 'lose-reply'
  /** It never reaches the server; the connection is reset. */
  | 'lose-request'
  /** From then on nothing passes either way, and nobody closes anything: a half-open connection. */
  | 'black-hole';

/** A relay on loopback in front of a server, which can cut connections at a chosen packet. */
export interface FaultProxy {
  readonly port: number;
  /** Arms the fault for the next packet from a client that contains the text. */
  arm(fault: Fault, text: string): void;
  /**
   * Keeps back the next packet from a client that contains the text, and what comes behind it on
   * its connection, until it is released by what this returns.
   */
  hold(text: string): () => void;
  /** How often an armed fault has struck, and a packet was kept back. */
  readonly struck: number;
  /** How much later everything arrives that is sent from now on, either way. @default 0 */
  latencyMs: number;
  close(): Promise<void>;
}

export async function openFaultProxy(targetPort: number): Promise<FaultProxy> {
  const sockets = new Set<Socket>();
  let armed: { readonly fault: Fault; readonly text: string } | undefined;
  let held: Hold | undefined;
  let struck = 0;
  let latencyMs = 0;
  const pass = (to: Socket, chunk: Buffer): void => {
    if (latencyMs === 0) to.write(chunk);
    else setTimeout(() => to.writable && to.write(chunk), latencyMs);
  };
  const server = createServer((client) => {
    const upstream = connect(targetPort, '127.0.0.1');
    let isCut = false;
    let isDead = false;
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    client.on('data', (chunk) => {
      if (isDead) return;
      if (held !== undefined && (held.from === client || held.isFirst(chunk))) {
        if (held.from === undefined) struck += 1;
        held.keep(client, () => upstream.writable && upstream.write(chunk));
        return;
      }
      if (armed === undefined || !chunk.includes(armed.text)) {
        pass(upstream, chunk);
        return;
      }
      const { fault } = armed;
      armed = undefined;
      struck += 1;
      if (fault === 'lose-request') {
        client.resetAndDestroy();
        return;
      }
      if (fault === 'black-hole') {
        isDead = true;
        return;
      }
      isCut = true;
      upstream.write(chunk);
    });
    upstream.on('data', (chunk) => {
      // The server has answered, so the request has had its effect.
      if (isCut) client.resetAndDestroy();
      else if (!isDead) pass(client, chunk);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    arm: (fault, text) => {
      armed = { fault, text };
    },
    hold: (text) => {
      const hold = new Hold(text);
      held = hold;
      return () => {
        if (held === hold) held = undefined;
        hold.release();
      };
    },
    get struck() {
      return struck;
    },
    get latencyMs() {
      return latencyMs;
    },
    set latencyMs(ms) {
      latencyMs = ms;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Packets of one connection that are kept back. */
class Hold {
  readonly #text: string;
  readonly #kept: (() => unknown)[] = [];
  from: Socket | undefined;

  constructor(text: string) {
    this.#text = text;
  }

  isFirst(chunk: Buffer): boolean {
    return this.from === undefined && chunk.includes(this.#text);
  }

  keep(from: Socket, pass: () => unknown): void {
    this.from = from;
    this.#kept.push(pass);
  }

  release(): void {
    for (const pass of this.#kept.splice(0)) pass();
  }
}
