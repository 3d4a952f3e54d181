import { once } from 'node:events';
import type { AddressInfo, Server, Socket } from 'node:net';
import { createServer } from 'node:net';

export interface ListenOptions {
  readonly host: string;
  readonly port: number;
  /** One connection more is closed as it comes. */
  readonly connectionsMax: number;
  readonly onSocket: (socket: Socket) => void;
}

/**
 * The TCP port of a server. It keeps its sockets at hand: whoever does not go when asked to can be
 * cut off, which what speaks over a socket has no way to do.
 */
export class SocketListener {
  readonly #server: Server;
  readonly #sockets = new Map<string, Socket>();
  #address: AddressInfo | undefined;

  /** @throws what the operating system says: EADDRINUSE, EACCES, ENOTFOUND, … */
  static async open(options: ListenOptions): Promise<SocketListener> {
    const listener = new SocketListener(options);
    const { host, port } = options;
    listener.#server.listen({ host, port });
    await once(listener.#server, 'listening');
    listener.#address = listener.#server.address() as AddressInfo;
    return listener;
  }

  private constructor({ connectionsMax, onSocket }: ListenOptions) {
    // Requests are small and somebody waits for each: none is to wait for the next (Nagle).
    this.#server = createServer({ noDelay: true }, (socket) => {
      this.#keep(socket);
      onSocket(socket);
    });
    this.#server.maxConnections = connectionsMax;
  }

  get host(): string {
    return this.#address?.address ?? '';
  }

  get port(): number {
    return this.#address?.port ?? 0;
  }

  /** @param peer `address:port` of the other end */
  cut(peer: string): void {
    this.#sockets.get(peer)?.destroy();
  }

  /** Takes no more connections. Those that are there go on. */
  stop(): void {
    this.#server.close();
  }

  /** Closes the port and every connection. */
  async close(): Promise<void> {
    const closed = this.#server.listening ? once(this.#server, 'close') : undefined;
    this.#server.close();
    for (const socket of this.#sockets.values()) socket.destroy();
    await closed;
  }

  #keep(socket: Socket): void {
    const peer = `${String(socket.remoteAddress)}:${String(socket.remotePort)}`;
    this.#sockets.set(peer, socket);
    socket.once('close', () => {
      if (this.#sockets.get(peer) === socket) this.#sockets.delete(peer);
    });
  }
}
