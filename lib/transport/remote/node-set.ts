import type { Clock, DtxError, DtxLog, Ids, Timer } from '../../protocol/index.js';
import {
  CoordinatorClosedError,
  CoordinatorUnreachableError,
  InvalidOptionError,
  messageOf,
} from '../../protocol/index.js';
import type { WirePhaseTwo } from '../../protocol/wire/index.js';
import type { NodeAddress } from './frame-stream.interface.js';
import { LOOK_UP_EVERY_MS, LOOK_UP_PAUSE_MS, WAITING_LOG_EVERY_MS } from './limits.js';
import type { NodeConnection, NodeConnectionEvents } from './node-connection.js';
import type { NodeLinkEvents } from './node-link.js';
import { NodeLink } from './node-link.js';
import type { NodeUrl } from './node-url.js';
import { isLiteral } from './node-url.js';
import { OpenNodes } from './open-nodes.js';

export interface NodeSetEvents {
  onOpen(connection: NodeConnection): void;
  onLost(connection: NodeConnection): void;
  onPhaseTwo(connection: NodeConnection, requestId: number, call: WirePhaseTwo): void;
}

interface NodeSetDeps {
  readonly urls: readonly NodeUrl[];
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: DtxLog;
  readonly lookUp: (host: string) => Promise<readonly string[]>;
  readonly connect: (address: NodeAddress, events: NodeConnectionEvents) => NodeConnection;
  readonly events: NodeSetEvents;
}

/** What one entry of the list has come to: a link for each of its addresses. */
interface NodeGroup {
  readonly url: NodeUrl;
  readonly links: Map<string, NodeLink>;
  /** Why its addresses are not known. */
  trouble: string;
}

interface Waiter {
  resolve(): void;
  reject(error: unknown): void;
}

/** All nodes of the coordinator: those of the list, and every address behind a name of it. */
export class NodeSet {
  readonly open = new OpenNodes();
  readonly #deps: NodeSetDeps;
  readonly #groups: readonly NodeGroup[];
  readonly #connections = new Set<NodeConnection>();
  readonly #linkEvents: NodeLinkEvents;
  #waiters: Waiter[] = [];
  #lookUpTimer: Timer | undefined;
  #lookedUpAtMs = 0;
  #isStopped = false;
  #onAllLost: (() => void) | undefined;

  constructor(deps: NodeSetDeps) {
    this.#deps = deps;
    this.#groups = deps.urls.map((url) => ({
      url,
      links: new Map(),
      trouble: 'not looked up yet',
    }));
    this.#linkEvents = {
      onOpen: (connection) => {
        this.#opened(connection);
      },
      onClosing: (connection) => {
        this.open.remove(connection);
      },
      onLost: (connection) => {
        this.#lost(connection);
      },
      onPhaseTwo: (connection, requestId, call) => {
        deps.events.onPhaseTwo(connection, requestId, call);
      },
    };
  }

  get names(): readonly string[] {
    return this.#deps.urls.map(({ label }) => label);
  }

  /** Why no node is open, for people; empty when one is. */
  get trouble(): string {
    if (this.open.count > 0) return '';
    const troubles = this.#groups.flatMap(({ links, trouble, url }) =>
      links.size === 0
        ? [`${url.label}: ${trouble}`]
        : [...links.values()].map((link) => `${link.label}: ${link.trouble}`),
    );
    return troubles.join('; ');
  }

  start(): void {
    for (const group of this.#groups) {
      if (isLiteral(group.url.host)) this.#use(group, [group.url.host]);
    }
    if (this.#named.length > 0) void this.#lookUp();
  }

  /**
   * Resolves when a node is open.
   *
   * @throws CoordinatorUnreachableError when there is none in time; what a node has refused this
   *   client for, when all of them do
   */
  async whenOpen(timeoutMs: number): Promise<void> {
    if (this.open.count > 0) return;
    const { clock } = this.#deps;
    let waiter: Waiter | undefined;
    const timer = clock.after(timeoutMs, () => {
      waiter?.reject(
        this.unreachable(`no connection within ${String(timeoutMs)} ms (${this.trouble})`),
      );
    });
    const said = this.#sayWaiting();
    try {
      await new Promise<void>((resolve, reject) => {
        waiter = { resolve, reject };
        this.#waiters.push(waiter);
        this.#rejectIfRefused();
      });
    } finally {
      timer.cancel();
      said.cancel();
      this.#waiters = this.#waiters.filter((other) => other !== waiter);
    }
  }

  unreachable(why: string): CoordinatorUnreachableError {
    return new CoordinatorUnreachableError(this.names, why);
  }

  /** Takes leave of all nodes. Resolves when no stream is left. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#lookUpTimer?.cancel();
    for (const waiter of this.#waiters) waiter.reject(new CoordinatorClosedError('A connection'));
    for (const group of this.#groups) for (const link of group.links.values()) link.stop();
    if (this.#connections.size === 0) return;
    await new Promise<void>((resolve) => {
      this.#onAllLost = resolve;
    });
  }

  get #named(): readonly NodeGroup[] {
    return this.#groups.filter(({ url }) => !isLiteral(url.host));
  }

  #opened(connection: NodeConnection): void {
    this.open.add(connection);
    this.#deps.events.onOpen(connection);
    for (const waiter of this.#waiters) waiter.resolve();
  }

  #lost(connection: NodeConnection): void {
    const { nodeId } = connection;
    this.#connections.delete(connection);
    this.open.remove(connection);
    this.#deps.events.onLost(connection);
    if (this.#connections.size === 0) this.#onAllLost?.();
    if (this.#isStopped) return;
    if (nodeId !== '' && !this.open.has(nodeId)) {
      for (const { links } of this.#groups)
        for (const link of links.values()) link.nodeLost(nodeId);
    }
    this.#lookUpSoon();
    // The link notes why only after this.
    queueMicrotask(() => {
      this.#rejectIfRefused();
    });
  }

  /** Whoever waits for a node waits in vain if an operator has to do something first. */
  #rejectIfRefused(): void {
    if (this.#waiters.length === 0) return;
    const links = this.#groups.flatMap((group) => [...group.links.values()]);
    const isComplete = this.#groups.every((group) => group.links.size > 0);
    const refusals = links.flatMap(({ refusal }) => (refusal === undefined ? [] : [refusal]));
    if (!isComplete || refusals.length < links.length) return;
    for (const waiter of this.#waiters) waiter.reject(refusals[0]);
  }

  async #lookUp(): Promise<void> {
    const { clock, lookUp } = this.#deps;
    this.#lookUpTimer?.cancel();
    this.#lookedUpAtMs = clock.monotonicMs();
    await Promise.all(
      this.#named.map(async (group) => {
        try {
          this.#use(group, await lookUp(group.url.host));
        } catch (error) {
          group.trouble = messageOf(error);
        }
      }),
    );
    if (this.#isStopped) return;
    const isFound = this.#named.every(({ links }) => links.size > 0);
    this.#lookUpAfter(isFound ? LOOK_UP_EVERY_MS : LOOK_UP_PAUSE_MS);
  }

  /** A name may lead elsewhere since a node has gone. */
  #lookUpSoon(): void {
    if (this.#named.length === 0) return;
    const sinceMs = this.#deps.clock.monotonicMs() - this.#lookedUpAtMs;
    this.#lookUpAfter(Math.max(0, LOOK_UP_PAUSE_MS - sinceMs));
  }

  #lookUpAfter(delayMs: number): void {
    this.#lookUpTimer?.cancel();
    this.#lookUpTimer = this.#deps.clock.after(delayMs, () => void this.#lookUp());
  }

  /** Connects to new addresses. One that has left the name is used as long as it works. */
  #use({ links, url }: NodeGroup, ips: readonly string[]): void {
    if (this.#isStopped) return;
    for (const ip of ips) if (!links.has(ip)) links.set(ip, this.#link(url, ip));
    for (const [ip, link] of links) {
      if (ips.includes(ip) || link.isOpen || ips.length === 0) continue;
      links.delete(ip);
      link.stop();
    }
  }

  #link(url: NodeUrl, ip: string): NodeLink {
    const { clock, connect, ids, log } = this.#deps;
    const { host, isTls, port } = url;
    const label = host === ip ? url.label : `${url.label} (${ip})`;
    const link = new NodeLink({
      address: { host, ip, port, isTls, label },
      clock,
      ids,
      log,
      connect: (address, events) => {
        const connection = connect(address, events);
        this.#connections.add(connection);
        return connection;
      },
      conflictOf: (connection) => this.#conflictOf(connection),
      isReached: (nodeId) => this.open.has(nodeId),
      events: this.#linkEvents,
    });
    link.connect();
    return link;
  }

  /** Nodes with stores of their own do not know each other's transactions. */
  #conflictOf(connection: NodeConnection): DtxError | undefined {
    const others = this.open.connections.filter(({ nodeId }) => nodeId !== connection.nodeId);
    if (others.every(({ sharesStore }) => sharesStore && connection.sharesStore)) return undefined;
    return new InvalidOptionError({
      option: 'coordinator.url',
      value: this.names,
      fix:
        'These are nodes that keep their transactions in stores of their own, so only the first ' +
        'that answers is used. Name one of them, or start all of them on the same database.',
    });
  }

  #sayWaiting(): Timer {
    const { clock, log } = this.#deps;
    let timer: Timer;
    const say = (): void => {
      log.info(`Waiting for a coordinator at ${this.names.join(', ')} (${this.trouble})`);
      timer = clock.after(WAITING_LOG_EVERY_MS, say);
    };
    timer = clock.after(WAITING_LOG_EVERY_MS, say);
    return {
      cancel: () => {
        timer.cancel();
      },
    };
  }
}
