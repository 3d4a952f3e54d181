import type mysql2 from 'mysql2';

import { DTX_RESOURCE } from '../../../../protocol/index.js';
import type { AtResource, AtResourceOptions } from '../../../at/index.js';
import { ConnectionSeam } from '../connection-seam.js';
import type { CoreCluster, CoreConnection, CorePool } from '../mysql2-driver.js';
import { coreOf } from '../mysql2-driver.js';
import { createMysql2Resource } from '../mysql2-resource.js';
import { instrumentPool } from '../pool-seam.js';

/** The module mysql2, as a library takes it by an option. @publicApi */
export type Mysql2Module = typeof mysql2;

/** What wrapMysql2 does, where the module is known; whoever has no mysql2 can load this. */
export function wrapMysql2Module(
  name: string,
  options: AtResourceOptions,
  original: Mysql2Module,
): Mysql2Module {
  let latest: object | undefined;
  const resource = createMysql2Resource(name, options, {
    createPool: original.createPool,
    config: () => latest,
  });
  const opened = new Opened(resource, (config) => {
    latest = config;
  });
  const source = original as unknown as Makers;
  // The module itself stays as it is: others in the process use it too.
  return Object.create(original, {
    createPool: made(source.createPool, opened.pool),
    createPoolPromise: made(source.createPoolPromise, opened.pool),
    createPoolCluster: made(source.createPoolCluster, opened.cluster),
    createPoolClusterPromise: made(source.createPoolClusterPromise, opened.cluster),
    createConnection: made(source.createConnection, opened.connection),
    connect: made(source.createConnection, opened.connection),
    createConnectionPromise: made(source.createConnectionPromise, opened.connection),
    [DTX_RESOURCE]: { value: resource },
  }) as Mysql2Module;
}

type Make = (...values: readonly unknown[]) => object;
type Makers = Readonly<
  Record<
    | 'createPool'
    | 'createPoolPromise'
    | 'createPoolCluster'
    | 'createPoolClusterPromise'
    | 'createConnection'
    | 'createConnectionPromise',
    Make
  >
>;

function made(make: Make, seen: (value: object) => void): PropertyDescriptor {
  const value: Make = (...values) => {
    const result = make(...values);
    if (!(result instanceof Promise)) {
      seen(result);
      return result;
    }
    return result.then((resolved: object) => {
      seen(resolved);
      return resolved;
    });
  };
  return { value, enumerable: true };
}

/** Puts the seam in front of what the module has made. */
class Opened {
  readonly #resource: AtResource;
  readonly #use: (config: object) => void;

  /** @param use is told how the newest pool or connection reaches its server */
  constructor(resource: AtResource, use: (config: object) => void) {
    this.#resource = resource;
    this.#use = use;
  }

  readonly pool = (given: object): void => {
    const core = coreOf(given, 'pool') as CorePool;
    this.#use(core.config.connectionConfig);
    instrumentPool(core, this.#resource);
  };

  readonly connection = (given: object): void => {
    const core = coreOf(given, 'connection') as CoreConnection;
    this.#use(core.config);
    new ConnectionSeam(core, this.#resource);
  };

  readonly cluster = (given: object): void => {
    const core = coreOf(given, 'poolCluster') as CoreCluster;
    const known = new WeakSet<CorePool>();
    const add = core.add.bind(core);
    core.add = (id, config) => {
      const result = add(id, config);
      for (const { pool } of Object.values(core._nodes)) {
        if (!known.has(pool)) this.pool(pool);
        known.add(pool);
      }
      return result;
    };
  };
}
