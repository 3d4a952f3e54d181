import type { NativeServer, NativeServerOptions } from '../../coordinator/index.js';
import { checkNativeServer, openNativeServer } from '../../coordinator/index.js';
import type { DtxLog } from '../../protocol/index.js';
import { CoordinatorClosedError } from '../../protocol/index.js';
import { systemClock, systemIds } from '../../system/index.js';
import type { SharedCoordinator } from '../../transport/index.js';
import { acquireCoordinator } from '../../transport/index.js';
import type { CoordinatorSettings } from './host-options.js';
import { serverSettingsOf } from './host-options.js';

/** A coordinator of this process and the port at which others reach it. */
export class CoordinatorHost {
  readonly #settings: CoordinatorSettings;
  readonly #log: DtxLog;
  #opening: Promise<SharedCoordinator> | undefined;
  #listening: Promise<NativeServer> | undefined;
  #closing: Promise<void> | undefined;

  constructor(settings: CoordinatorSettings, log: DtxLog) {
    this.#settings = settings;
    this.#log = log;
  }

  /** Opens the store and takes over what is open in it. May be repeated. */
  async open(): Promise<void> {
    await this.#open();
  }

  /**
   * Lets clients in. May be repeated.
   *
   * @returns where: the port is a free one where 0 was asked for
   */
  async listen(): Promise<string> {
    if (this.#closing !== undefined) throw new CoordinatorClosedError('listen()');
    this.#listening ??= this.#listen();
    return (await this.#listening).address;
  }

  /**
   * Lets nobody in any more, answers what is under way, hands over what it drives and closes. May
   * be repeated: Nest's order of closing is one at app.close() and another at a signal.
   */
  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  #open(): Promise<SharedCoordinator> {
    return (this.#opening ??= this.#openChecked());
  }

  /** What could not listen need not take a store from whoever has it. */
  async #openChecked(): Promise<SharedCoordinator> {
    await checkNativeServer(this.#serverOptions());
    const { caps, leaseMs, namespaces, patience, retentionCountMax, retentionMs, store } =
      this.#settings;
    return acquireCoordinator({
      store,
      servesOthers: true,
      caps,
      namespaceCaps: namespaces,
      log: this.#log,
      ...(leaseMs !== undefined && { leaseMs }),
      ...(patience !== undefined && { patience }),
      ...(retentionMs !== undefined && { retentionMs }),
      ...(retentionCountMax !== undefined && { retentionCountMax }),
    });
  }

  async #listen(): Promise<NativeServer> {
    const { coordinator } = await this.#open();
    const sharesStore = coordinator.isShared;
    return openNativeServer({ ...this.#serverOptions(), coordinator, sharesStore });
  }

  #serverOptions(): Omit<NativeServerOptions, 'coordinator'> {
    const settings = serverSettingsOf(this.#settings);
    return { ...settings, clock: systemClock, ids: systemIds, log: this.#log };
  }

  /** Answers go out while the coordinator closes, so the server goes after it. */
  async #close(): Promise<void> {
    const server = await this.#listening?.catch(() => undefined);
    const held = await this.#opening?.catch(() => undefined);
    await server?.drain();
    try {
      await held?.release();
    } finally {
      await server?.close();
    }
  }
}
