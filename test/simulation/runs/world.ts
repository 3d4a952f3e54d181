import type { SessionStore } from '../../../lib/coordinator/store/index.js';
import type { ClientMemory } from '../actors/client.js';
import { Client } from '../actors/client.js';
import { bootCoordinator } from '../actors/coordinator.js';
import { Ledger } from '../actors/ledger.js';
import { Operator } from '../actors/operator.js';
import { Participant } from '../actors/participant.js';
import { ACCOUNTS } from '../actors/plan.js';
import { RemoteClient } from '../actors/remote-client.js';
import type { Report } from '../checks/index.js';
import { History, Witness } from '../checks/index.js';
import type { Life, Rng, Surroundings, Trace } from '../kernel/index.js';
import { EventQueue, NO_CRASHES, Network, SimProcess } from '../kernel/index.js';
import { RecordedStore } from '../store/recorded-store.js';
import { Chaos } from './chaos.js';
import type { Product } from './product.js';
import type { Scenario } from './scenario.js';
import type { Swarm } from './swarm.js';
import { CALM, WILD_SKEW_MS } from './swarm.js';

interface WorldDeps {
  readonly product: Product;
  readonly scenario: Scenario;
  /** Where sessions are durable, for all nodes. */
  readonly engine: SessionStore;
  readonly rng: Rng;
  readonly trace: Trace;
  readonly report: Report;
}

const BALANCE = 1_000;

/** What a process is down when it ends although nothing goes wrong any more. */
const RESTART_MS = 50;

/** One run: coordinators on one store, participants and clients, and the network between them. */
export class World {
  readonly product: Product;
  readonly rng: Rng;
  readonly trace: Trace;
  readonly queue: EventQueue;
  readonly network: Network;
  readonly history: History;
  readonly witness: Witness;
  readonly store: RecordedStore;
  readonly coordinators: readonly SimProcess[];
  readonly participants: readonly SimProcess[];
  readonly clients: readonly SimProcess[];
  readonly operators: readonly SimProcess[];
  readonly ledgers: readonly Ledger[];
  /** Nodes that cannot reach the store, with the virtual time until which that lasts. */
  readonly storeOutages = new Map<string, number>();
  /** The faults of the moment. */
  swarm: Swarm;
  isHealed = false;
  readonly #scenario: Scenario;
  readonly #surroundings: Surroundings;

  constructor({ engine, product, report, rng, scenario, trace }: WorldDeps) {
    this.product = product;
    this.rng = rng;
    this.trace = trace;
    this.swarm = scenario.swarm;
    this.#scenario = scenario;
    this.queue = new EventQueue(rng, trace);
    this.network = new Network(this.queue, rng, trace, scenario.swarm.network);
    this.history = new History(report);
    this.witness = new Witness(this.history, report);
    this.store = new RecordedStore({
      inner: engine,
      isShared: scenario.coordinatorCount > 1,
      batchesAtOnce: scenario.batchesAtOnce,
      waits: new product.MemorySessionStore({ isShared: true }).waits,
      history: this.history,
      report,
    });
    this.#surroundings = { queue: this.queue, trace, crashes: scenario.crashes };
    this.ledgers = namesOf('rm', scenario.participantCount).map(
      (name) => new Ledger(name, ACCOUNTS, BALANCE, scenario.guards),
    );
    const { leaseMs, retentionMs } = scenario;
    this.coordinators = namesOf('tc', scenario.coordinatorCount).map((name) =>
      this.#process(name, (life) => bootCoordinator(this, life, { leaseMs, retentionMs })),
    );
    this.participants = this.ledgers.map((ledger) =>
      this.#process(ledger.name, (life) => this.#bootParticipant(life, ledger)),
    );
    this.clients = namesOf('tm', scenario.clientCount).map((name) => {
      const memory: ClientMemory = { begunCount: 0 };
      return this.#process(name, (life) => this.#bootClient(life, memory));
    });
    this.operators = namesOf('person', scenario.swarm.cannotRate > 0 ? 1 : 0).map((name) =>
      this.#process(name, (life) => new Operator(this, life).run()),
    );
  }

  get processes(): readonly SimProcess[] {
    return [...this.coordinators, ...this.participants, ...this.clients, ...this.operators];
  }

  /** Whether a clock may have given a lease that outlasts the run. */
  get isClockWild(): boolean {
    return this.#scenario.swarm.skewMsMax >= WILD_SKEW_MS;
  }

  /** What all accounts hold before anything happens. */
  get initialSum(): number {
    return this.ledgers.length * ACCOUNTS.length * BALANCE;
  }

  start(): void {
    for (const process of this.processes) process.start();
    new Chaos(this).start();
  }

  /** Nothing goes wrong any more. */
  heal(): void {
    this.trace.add('HEAL');
    this.isHealed = true;
    this.swarm = CALM;
    this.network.heal();
    this.storeOutages.clear();
    this.#surroundings.crashes = { ...NO_CRASHES, downMs: () => RESTART_MS };
    if (!this.#scenario.isRestarted) return;
    for (const process of this.processes) process.crash();
  }

  #process(name: string, boot: (life: Life) => Promise<void>): SimProcess {
    return new SimProcess(name, this.#surroundings, boot);
  }

  #bootParticipant(life: Life, ledger: Ledger): Promise<void> {
    const { coordinators, network, rng, witness } = this;
    const client = new RemoteClient({ life, network, rng, coordinators, witness });
    const participant = new Participant(this, life, ledger, client);
    life.serve = (method, payload) => participant.serve(method, payload);
    return Promise.resolve();
  }

  async #bootClient(life: Life, memory: ClientMemory): Promise<void> {
    const client = new Client(this, life, memory);
    life.serve = (method, payload) => client.serve(method, payload);
    await client.run(this.#scenario.transactionCount);
  }
}

function namesOf(kind: string, count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `${kind}${index + 1}`);
}
