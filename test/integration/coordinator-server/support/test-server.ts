import type {
  Coordinator,
  NativeServer,
  NativeServerOptions,
} from '../../../../lib/coordinator/index.js';
import {
  MemorySessionStore,
  openCoordinator,
  openNativeServer,
} from '../../../../lib/coordinator/index.js';
import type { DtxLog } from '../../../../lib/protocol/index.js';
import { systemClock, systemIds } from '../../../../lib/system/index.js';
import type { ChannelCredentials } from '@grpc/grpc-js';
import { RawClient } from './raw-client.js';

const all = new Set<TestServer>();

/** A coordinator with a memory store behind a port of this machine. */
export class TestServer {
  readonly lines: string[] = [];
  readonly clients: RawClient[] = [];
  coordinator!: Coordinator;
  server!: NativeServer;

  static async open(options: Partial<NativeServerOptions> = {}): Promise<TestServer> {
    const test = new TestServer();
    all.add(test);
    test.coordinator = await openCoordinator({
      store: new MemorySessionStore(),
      clock: systemClock,
      ids: systemIds,
      servesOthers: true,
    });
    test.server = await openNativeServer({
      coordinator: test.coordinator,
      listen: 0,
      lingerMs: 100,
      clock: systemClock,
      ids: systemIds,
      log: test.#log,
      ...options,
    });
    return test;
  }

  /** Closes those that a test was too busy failing to close. */
  static async closeAll(): Promise<void> {
    await Promise.all([...all].map((test) => test.close()));
  }

  /** A client that has not said a word yet. */
  connect(credentials?: ChannelCredentials): RawClient {
    const client = new RawClient(this.server.address, credentials);
    this.clients.push(client);
    return client;
  }

  /** A client that was let in. */
  async join(hello: Parameters<RawClient['hello']>[0] = {}): Promise<RawClient> {
    const client = this.connect();
    await client.hello(hello);
    return client;
  }

  async close(): Promise<void> {
    all.delete(this);
    for (const client of this.clients) client.close();
    await (this.server as NativeServer | undefined)?.close();
    await this.coordinator.close();
  }

  get #log(): DtxLog {
    const write = (line: string): void => {
      this.lines.push(line);
    };
    return { info: write, warn: write, error: write, debug: write };
  }
}
