import { findFreePorts } from '../../../sample/support/free-ports.js';
import type { TestDatabase } from '../../servers/test-database.js';
import { createTestDatabase } from '../../servers/test-database.js';
import { until } from '../../support/until.js';
import { CoordinatorNode } from './coordinator-node.js';
import { Load } from './load.js';
import { RunJournal } from './run-journal.js';
import type { Service } from './service.js';
import { JournalResource, connectService } from './service.js';
import type { SessionRow } from './store-witness.js';
import { StoreWitness } from './store-witness.js';
import { findViolations } from './violations.js';

const WAIT_MS_MAX = 15_000;
/** Longer than the timeout of a transaction that nobody ends. */
const SETTLE_MS_MAX = 25_000;

interface WorldSettings {
  /** @default 500 */
  readonly leaseMs?: number;
  /** @default 3000 */
  readonly heartbeatMs?: number;
  /** What stands between the first instance and each node. @default nothing */
  readonly relay?: (address: string) => Promise<string>;
}

/** Two nodes on one database, two instances of one application, and one that launches. */
export class World {
  readonly journal = new RunJournal();
  /** Of the instances, in their order. */
  readonly resources: readonly JournalResource[];
  readonly #loads: Load[] = [];

  static async open(settings: WorldSettings = {}): Promise<World> {
    const { heartbeatMs = 3_000, leaseMs = 500, relay = direct } = settings;
    const database = await createTestDatabase();
    const ports = await findFreePorts(2);
    const nodes = ports.map(
      (port) => new CoordinatorNode({ port, store: database.url, leaseMs, heartbeatMs }),
    );
    const services: Service[] = [];
    try {
      // At once: they find an empty database, and each wants to make the tables.
      await Promise.all(nodes.map((node) => node.start()));
      const store = await StoreWitness.install(database.pool());
      const addresses = nodes.map(({ address }) => address);
      const relayed = await Promise.all(addresses.map(relay));
      const connect = async (name: string, applicationId: string): Promise<void> => {
        const own = name === 'shop-1' ? relayed : addresses;
        services.push(await connectService({ name, applicationId, addresses: own }));
      };
      await connect('shop-1', 'shop');
      await connect('shop-2', 'shop');
      await connect('launcher', 'launcher');
      const world = new World(database, nodes, services, store);
      await world.#attach();
      await world.connected();
      return world;
    } catch (error) {
      await close(services, nodes, database);
      throw error;
    }
  }

  private constructor(
    readonly database: TestDatabase,
    readonly nodes: readonly CoordinatorNode[],
    readonly services: readonly Service[],
    readonly store: StoreWitness,
  ) {
    this.resources = this.instances.map(({ name }) => new JournalResource(name, this.journal));
  }

  get instances(): readonly Service[] {
    return this.services.slice(0, 2);
  }

  get launcher(): Service {
    return this.services[2]!;
  }

  /** Starts transactions; stop them. */
  load(): Load {
    const { instances, journal, launcher } = this;
    const load = new Load({ instances, journal, launcher });
    this.#loads.push(load);
    return load;
  }

  /** Resolves when every client can call every node. */
  async connected(): Promise<void> {
    await until(() => this.services.every(({ isConnected }) => isConnected), WAIT_MS_MAX);
  }

  /** From now on no branch is committed, until release(). */
  holdCommits(): void {
    for (const resource of this.resources) resource.holdCommits();
  }

  release(): void {
    for (const resource of this.resources) resource.release();
  }

  /** Resolves when both nodes have called for commits that are held. @returns their xids */
  async heldOfBoth(): Promise<readonly string[]> {
    let xids: readonly string[] = [];
    await until(async () => {
      xids = this.resources.flatMap(({ held }) => held.map(({ xid }) => xid));
      return ownersOf(await this.rowsOf(xids)).length === 2;
    }, WAIT_MS_MAX);
    return xids;
  }

  async rowsOf(xids: readonly string[]): Promise<readonly SessionRow[]> {
    const wanted = new Set(xids);
    return (await this.store.sessions()).filter(({ xid }) => wanted.has(xid));
  }

  /** Resolves when these are committed, with what stands then. */
  async committed(xids: readonly string[]): Promise<readonly SessionRow[]> {
    let rows: readonly SessionRow[] = [];
    await until(async () => {
      rows = await this.rowsOf(xids);
      return rows.every(({ status }) => status === 'committed');
    }, WAIT_MS_MAX);
    return rows;
  }

  /** Resolves when nothing is open in the store. */
  async settled(): Promise<void> {
    await until(async () => (await this.store.openCount()) === 0, SETTLE_MS_MAX);
  }

  /** @param readers who can ask a node */
  async violations(readers = this.services): Promise<readonly string[]> {
    const { journal, store } = this;
    return findViolations({ journal, store, clients: readers.map(({ client }) => client) });
  }

  /** Also after a test that has failed in the middle. */
  async close(): Promise<void> {
    const stopped = this.#loads.map((load) => load.stop());
    this.release();
    await close(this.services, this.nodes, this.database);
    await Promise.all(stopped);
  }

  async #attach(): Promise<void> {
    for (const [place, { client }] of this.instances.entries()) {
      await client.attach(this.resources[place]!);
    }
  }
}

/** The nodes that have written the rows. */
export function ownersOf(rows: readonly SessionRow[]): readonly string[] {
  return [...new Set(rows.map(({ owner }) => owner))];
}

const direct = (address: string): Promise<string> => Promise.resolve(address);

async function close(
  services: readonly Service[],
  nodes: readonly CoordinatorNode[],
  database: TestDatabase,
): Promise<void> {
  // What the test has left frozen would keep clients waiting for its answer.
  await Promise.all(nodes.map((node) => node.destroy()));
  await Promise.all(services.map(({ client }) => client.close()));
  await database.drop();
}
