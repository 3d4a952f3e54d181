import type { Timer } from '../../../protocol/index.js';
import {
  CoordinatorClosedError,
  DtxError,
  ProtocolViolationError,
  ResourceExhaustedError,
} from '../../../protocol/index.js';
import type { WireHello } from '../../../protocol/wire/index.js';
import { SocketListener } from '../listener/index.js';
import type { ConnectCall } from './client-stream.js';
import { ClientStream } from './client-stream.js';
import type { GrpcPeers } from './grpc-peers.js';
import type { GrpcServer } from './grpc-server.js';
import { createGrpcServer, stopServing } from './grpc-server.js';
import { LOG_LINES_PER_SWEEP, NAMESPACES_MAX, SPARE_CONNECTIONS } from './limits.js';
import { formatAddress } from './listen-address.js';
import type { Namespace, NativeServerSettings } from './native-server-options.js';
import type { NativeServer } from './native-server.interface.js';
import { SparingLog } from './sparing-log.js';
import type { StreamHost } from './stream-host.interface.js';
import type { NativeServerStats, Traffic } from './traffic.js';
import { noTraffic } from './traffic.js';
import { sweepMsOf } from './vigil.js';

/** The NativeServer over gRPC: one Connect call per client. */
export class GrpcNativeServer implements NativeServer, StreamHost {
  readonly settings: NativeServerSettings;
  readonly traffic: Traffic = noTraffic();
  readonly nodeId: string;
  readonly software = 'nestjs-dtx';
  readonly #grpc: GrpcServer;
  readonly #log: SparingLog;
  /** Of each the instance that it is of, once it has said so. */
  readonly #streams = new Map<ClientStream, string | undefined>();
  /** A process that comes again has lost its old stream, even if we do not know that yet. */
  readonly #byInstance = new Map<string, ClientStream>();
  readonly #namespaces = new Set<string>();
  #listener: SocketListener | undefined;
  #sweepTimer: Timer | undefined;
  #draining: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  /** @internal Use openNativeServer(). */
  constructor(settings: NativeServerSettings, peers: GrpcPeers) {
    this.settings = settings;
    this.nodeId = settings.ids.newXid();
    this.#log = new SparingLog(settings.log, LOG_LINES_PER_SWEEP);
    this.#grpc = createGrpcServer(peers, settings, (call) => {
      this.#connected(call);
    });
  }

  /** @internal Use openNativeServer(). */
  async start(): Promise<void> {
    const { listen, streamsMax } = this.settings;
    const { credentials, server } = this.#grpc;
    const injector = server.createConnectionInjector(credentials);
    this.#listener = await SocketListener.open({
      ...listen,
      connectionsMax: streamsMax + SPARE_CONNECTIONS,
      onSocket: (socket) => {
        injector.injectConnection(socket);
      },
    });
    this.#scheduleSweep();
  }

  get address(): string {
    const { host, port } = this.#listening;
    return formatAddress({ host, port });
  }

  get isDraining(): boolean {
    return this.#draining !== undefined;
  }

  stats(): NativeServerStats {
    return { ...this.traffic, streams: this.#byInstance.size };
  }

  drain(): Promise<void> {
    return (this.#draining ??= this.#drain());
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  /** @internal */
  admit(stream: ClientStream, { applicationId, instanceId, namespace }: WireHello): Namespace {
    const isKnown = this.#namespaces.has(namespace);
    if (!isKnown && this.#namespaces.size >= NAMESPACES_MAX) {
      throw new ResourceExhaustedError('The number of namespaces', NAMESPACES_MAX, 'Use fewer.');
    }
    const opened = this.settings.coordinator.namespace(namespace);
    this.#namespaces.add(namespace);
    const instance = [namespace, applicationId, instanceId].join(' ');
    this.#byInstance.get(instance)?.close(new ProtocolViolationError(REPLACED));
    this.#byInstance.set(instance, stream);
    this.#streams.set(stream, instance);
    return opened;
  }

  /** @internal */
  over(stream: ClientStream, reason: DtxError | undefined): void {
    const instance = this.#streams.get(stream);
    this.#streams.delete(stream);
    if (instance !== undefined && this.#byInstance.get(instance) === stream) {
      this.#byInstance.delete(instance);
    }
    if (reason !== undefined) {
      this.#log.warn(`The connection of ${stream.peer} was closed: ${reason.message}`);
    }
    this.#cutLater(stream.peer);
  }

  /** @internal */
  failed(error: unknown): void {
    if (error instanceof DtxError) return;
    this.#log.error('A request of a client has failed; the client was told.', error);
  }

  get #listening(): SocketListener {
    if (this.#listener === undefined) throw new CoordinatorClosedError('A look at the address');
    return this.#listener;
  }

  #connected(call: ConnectCall): void {
    const stream = new ClientStream(call, this);
    this.#streams.set(stream, undefined);
    const { streamsMax } = this.settings;
    if (this.#streams.size <= streamsMax) return;
    const advice = 'Start another node, or raise streamsMax.';
    stream.close(new ResourceExhaustedError('The number of clients', streamsMax, advice));
  }

  /**
   * A connection whose streams are over has no reason to stay; gRPC would keep it for whoever goes
   * on to send, and for a client that has not noticed.
   */
  #cutLater(peer: string): void {
    this.settings.clock.after(this.settings.lingerMs, () => {
      const isUsed = [...this.#streams.keys()].some(
        (stream) => stream.peer === peer && stream.isOpen,
      );
      if (!isUsed) this.#listening.cut(peer);
    });
  }

  #scheduleSweep(): void {
    this.#sweepTimer = this.settings.clock.after(sweepMsOf(this.settings), () => {
      for (const stream of this.#streams.keys()) stream.sweep();
      this.#log.sweep();
      this.#scheduleSweep();
    });
  }

  async #drain(): Promise<void> {
    const { clock, drainMs } = this.settings;
    stopServing(this.#grpc.health);
    const streams = [...this.#streams.keys()];
    for (const stream of streams)
      stream.goodbye({ code: CoordinatorClosedError.code, reason: STOPPING });
    const quiet = Promise.all(streams.map((stream) => stream.quiet()));
    let timer: Timer | undefined;
    const late = new Promise<void>((resolve) => {
      timer = clock.after(drainMs, resolve);
    });
    await Promise.race([quiet, late]);
    timer?.cancel();
  }

  async #close(): Promise<void> {
    await this.drain();
    this.#sweepTimer?.cancel();
    for (const stream of this.#streams.keys()) stream.end();
    await this.#shutDown();
    await this.#listening.close();
  }

  /** Streams that have ended are given a moment to be read to their end. */
  #shutDown(): Promise<void> {
    const { clock, lingerMs } = this.settings;
    const { server } = this.#grpc;
    return new Promise((resolve) => {
      const timer = clock.after(lingerMs, () => {
        server.forceShutdown();
        resolve();
      });
      this.#listening.stop();
      server.tryShutdown(() => {
        timer.cancel();
        resolve();
      });
    });
  }
}

const STOPPING = 'This node of the coordinator stops. Go on at another one, or when it is back.';
const REPLACED = 'the hello of another connection, which has taken the place of this one';
