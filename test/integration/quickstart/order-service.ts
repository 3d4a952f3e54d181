import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** How the order service meets a request; it may never answer. */
export type Reaction = (order: string, response: ServerResponse) => Promise<void> | void;

/** An order service that follows a script. */
export class ScriptedOrderService {
  /** The orders that have arrived, in their order. */
  readonly seen: string[] = [];
  readonly #script: Reaction[];
  readonly #server: Server;

  /** @param script one reaction after the other; the last one for all that follow */
  constructor(...script: Reaction[]) {
    this.#script = script;
    this.#server = createServer((request, response) => {
      void this.#meet(request, response);
    });
  }

  async listen(port = 0): Promise<string> {
    this.#server.listen(port, '127.0.0.1');
    await once(this.#server, 'listening');
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    if (!this.#server.listening) return;
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }

  async #meet(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { order } = JSON.parse(await text(request)) as { order: string };
    this.seen.push(order);
    const react = this.#script.length > 1 ? this.#script.shift() : this.#script[0];
    await react?.(order, response);
  }
}

export const accept: Reaction = (_order, response) => {
  response.writeHead(201).end();
};

export const refuse =
  (status: number, body: object): Reaction =>
  (_order, response) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  };

/** As a service does that is killed before it has answered. */
export const vanish: Reaction = (_order, response) => {
  response.socket?.resetAndDestroy();
};
