import type { Clock, DtxError, DtxLog, Ids, Timer } from '../../protocol/index.js';
import type { WirePhaseTwo } from '../../protocol/wire/index.js';
import { backOffMs } from '../../system/index.js';
import type { NodeAddress } from './frame-stream.interface.js';
import { RECONNECT_MS, REFUSED_RECONNECT_MS } from './limits.js';
import type { NodeConnection, NodeConnectionEvents } from './node-connection.js';

export interface NodeLinkEvents {
  onOpen(connection: NodeConnection): void;
  /** It takes no more calls. May come again, or not at all, before onLost. */
  onClosing(connection: NodeConnection): void;
  onLost(connection: NodeConnection, link: NodeLink): void;
  onPhaseTwo(connection: NodeConnection, requestId: number, call: WirePhaseTwo): void;
}

interface NodeLinkDeps {
  readonly address: NodeAddress;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: DtxLog;
  readonly connect: (address: NodeAddress, events: NodeConnectionEvents) => NodeConnection;
  readonly events: NodeLinkEvents;
  /** Why a node cannot be used besides those that are. */
  readonly conflictOf: (connection: NodeConnection) => DtxError | undefined;
  /** Whether a node is reached by another address already. */
  readonly isReached: (nodeId: string) => boolean;
}

/** One address: connects to the node there, again and again. */
export class NodeLink {
  readonly #deps: NodeLinkDeps;
  #connection: NodeConnection | undefined;
  #timer: Timer | undefined;
  #failures = 0;
  #isStopped = false;
  /** The node that this address leads to besides another one, which is used instead. */
  #aliasOf = '';
  /** Why there is no connection; empty while there is one. */
  trouble = 'no answer yet';
  /** Why the node will not have this client. */
  refusal: DtxError | undefined;

  constructor(deps: NodeLinkDeps) {
    this.#deps = deps;
  }

  get label(): string {
    return this.#deps.address.label;
  }

  get isOpen(): boolean {
    return this.#connection?.isOpen === true;
  }

  connect(): void {
    if (this.#isStopped || this.#connection !== undefined) return;
    this.#timer?.cancel();
    this.#aliasOf = '';
    const { address, connect, events } = this.#deps;
    const connection = connect(address, {
      onOpen: () => {
        this.#opened(connection);
      },
      onGoodbye: ({ reason }) => {
        this.#deps.log.info(`The coordinator at ${this.label} has said goodbye: ${reason}`);
        events.onClosing(connection);
      },
      onLost: (reason, refusal) => {
        this.#lost(connection, reason, refusal);
      },
      onPhaseTwo: (requestId, call) => {
        events.onPhaseTwo(connection, requestId, call);
      },
    });
    this.#connection = connection;
  }

  /** A node cannot be reached any more: if this address leads to it too, it is needed now. */
  nodeLost(nodeId: string): void {
    if (this.#aliasOf === nodeId) this.connect();
  }

  /** Ends it in good order. */
  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
    this.#connection?.hangUp();
  }

  #opened(connection: NodeConnection): void {
    const { conflictOf, events, log } = this.#deps;
    const conflict = conflictOf(connection);
    if (conflict !== undefined) {
      connection.drop(conflict.message, conflict);
      return;
    }
    this.trouble = '';
    this.refusal = undefined;
    log.info(`Connected to the coordinator at ${this.label}.`);
    events.onOpen(connection);
  }

  #lost(connection: NodeConnection, reason: string, refusal: DtxError | undefined): void {
    const { events, isReached } = this.#deps;
    const wasOpen = connection.nodeId !== '';
    this.#connection = undefined;
    events.onLost(connection, this);
    this.#say(reason, wasOpen, refusal);
    this.trouble = reason;
    this.refusal = refusal;
    if (this.#isStopped) return;
    if (refusal === undefined && wasOpen && isReached(connection.nodeId)) {
      this.#aliasOf = connection.nodeId;
      return;
    }
    this.#connectLater(wasOpen && refusal === undefined);
  }

  #connectLater(wasOpen: boolean): void {
    const { clock, ids } = this.#deps;
    this.#failures = wasOpen ? 1 : this.#failures + 1;
    const bounds = this.refusal === undefined ? RECONNECT_MS : REFUSED_RECONNECT_MS;
    this.#timer = clock.after(backOffMs(this.#failures, bounds, ids), () => {
      this.connect();
    });
  }

  /** A line where something changes; the tries in between are for whoever looks closely. */
  #say(reason: string, wasOpen: boolean, refusal: DtxError | undefined): void {
    const { log } = this.#deps;
    if (refusal !== undefined) {
      if (this.refusal?.message !== refusal.message) {
        log.error(`The coordinator at ${this.label} cannot be used: ${refusal.message}`);
      }
    } else if (this.#isStopped) {
      log.debug(`The connection to the coordinator at ${this.label} has ended: ${reason}`);
    } else if (wasOpen) {
      log.warn(
        `The connection to the coordinator at ${this.label} was lost: ${reason}. It is dialled ` +
          `again; calls wait for it or go to other nodes.`,
      );
    } else if (reason !== this.trouble) {
      log.debug(`The coordinator at ${this.label} cannot be reached: ${reason}`);
    }
  }
}
