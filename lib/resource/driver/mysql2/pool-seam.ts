import { EventEmitter } from 'node:events';

import {
  DTX_RESOURCE,
  InvalidOptionError,
  ResourceNotStartedError,
  StatementRefusedError,
} from '../../../protocol/index.js';
import type { Around, AtResource, Attempt, LocalWork, Start } from '../../at/index.js';
import { WORKING_KINDS, currentAround, runAutocommit } from '../../at/index.js';
import { classifyStatement } from './classify-statement.js';
import { ConnectionSeam } from './connection-seam.js';
import type {
  CoreConnection,
  CorePool,
  GetConnectionCallback,
  Mysql2Call,
} from './mysql2-driver.js';
import type { Mysql2Answer, Mysql2Request } from './mysql2-request.js';
import { answer, toRequest } from './mysql2-request.js';
import { inside, outside } from './outside.js';

/**
 * Puts the seam in front of every connection of a pool, and of the pool's own `query` and
 * `execute`. The pool stays the object it was.
 *
 * @throws InvalidOptionError when the pool already has connections, which would go unseen
 */
export function instrumentPool(pool: CorePool, resource: AtResource): void {
  const count = pool._allConnections?.length ?? 0;
  if (count > 0) {
    throw new InvalidOptionError({
      option: 'the pool given to dtxMysqlPool()',
      value: `a pool with ${String(count)} connections`,
      fix: `Call dtxMysqlPool(createPool(…)) before the first query.`,
    });
  }
  const seam = new PoolSeam(pool, resource);
  Object.assign(pool, {
    query: seam.wrapped('query'),
    execute: seam.wrapped('execute'),
    getConnection: seam.getConnection,
    releaseConnection: seam.releaseConnection,
    [DTX_RESOURCE]: resource,
  });
}

class PoolSeam {
  readonly #resource: AtResource;
  readonly #pool: CorePool;
  /** Given back by the application, and bound to a prepared branch still; the oldest first. */
  readonly #pinned = new Set<ConnectionSeam>();
  readonly #seams = new WeakMap<CoreConnection, ConnectionSeam>();
  readonly #originals: Pick<CorePool, 'query' | 'execute' | 'getConnection' | 'releaseConnection'>;

  constructor(pool: CorePool, resource: AtResource) {
    this.#resource = resource;
    this.#pool = pool;
    this.#originals = {
      query: pool.query.bind(pool),
      execute: pool.execute.bind(pool),
      getConnection: pool.getConnection.bind(pool),
      releaseConnection: pool.releaseConnection.bind(pool),
    };
    pool.on('connection', (connection: CoreConnection) => {
      this.#seams.set(connection, new ConnectionSeam(connection, resource));
    });
  }

  /** None is opened in a global transaction; whoever waits gets its own context back. */
  readonly getConnection = (callback: GetConnectionCallback): unknown => {
    this.#makeRoom(0);
    if (this.#givesAtOnce || currentAround() === undefined) {
      return this.#originals.getConnection(callback);
    }
    const bound = inside(callback);
    return outside(() => this.#originals.getConnection(bound));
  };

  /** One that is free comes with the context of now. Those who listen are to be outside of it. */
  get #givesAtOnce(): boolean {
    const isFree = (this.#pool._freeConnections?.length ?? 0) > 0;
    return isFree && this.#pool.listenerCount('acquire') === 0;
  }

  readonly releaseConnection = (connection: CoreConnection): void => {
    const release = (): void => {
      outside(() => this.#originals.releaseConnection(connection));
    };
    const seam = this.#seams.get(connection);
    // mysql2 comes by here too when it has taken a broken connection out of the pool.
    const isLost = connection._pool === null;
    if (isLost) seam?.connectionLost();
    const releaseUnpinned = (): void => {
      const { pinned } = seam ?? {};
      if (seam === undefined || pinned === undefined) release();
      else void this.#pin(seam, pinned).then(release);
    };
    const clean = isLost ? undefined : seam?.released();
    if (clean === undefined) releaseUnpinned();
    else clean.then(releaseUnpinned, releaseUnpinned);
  };

  async #pin(seam: ConnectionSeam, pinned: Promise<void>): Promise<void> {
    this.#pinned.add(seam);
    const waiting = this.#pool._connectionQueue?.length ?? 0;
    if (waiting > 0) this.#makeRoom(waiting);
    await pinned;
    this.#pinned.delete(seam);
  }

  /**
   * Whoever waits for a connection may be the global transaction that the connections are bound to,
   * and would wait for itself. What they have prepared does not need them, though it is dearer to
   * end without.
   *
   * @param waiting callers that wait already
   */
  #makeRoom(waiting: number): void {
    if (this.#pinned.size === 0) return;
    const { _allConnections: all, _freeConnections: free, config } = this.#pool;
    const isFull = (all?.length ?? 0) >= (config.connectionLimit ?? Infinity);
    if (!isFull || (free?.length ?? 0) > 0) return;
    const [...oldest] = this.#pinned;
    for (const seam of oldest.slice(0, Math.max(1, waiting))) {
      this.#pinned.delete(seam);
      seam.detach();
    }
  }

  wrapped(method: 'query' | 'execute'): Mysql2Call {
    return (config, values, callback) => {
      const around = currentAround();
      const original = this.#originals[method];
      if (around === undefined) return original(config, values, callback);
      const request = toRequest(method, config, values, callback);
      if (request.callback === undefined) {
        assertReads(around, request);
        return original(config, values, callback);
      }
      const command = new EventEmitter();
      answer(request.callback, this.#query(around, request), () => command.emit('end'));
      return command;
    };
  }

  /**
   * mysql2's own gives the connection back before we have sent COMMIT. This one does so behind it;
   * and while a write waits for a row it holds no connection.
   */
  #query(around: Around, request: Mysql2Request): Promise<Mysql2Answer> {
    const statement = classifyStatement(request.text);
    if (!WORKING_KINDS.has(statement.kind) || !around.isActive) {
      return this.#withConnection((seam) => seam.run(around, request));
    }
    const attempt = (work: LocalWork, start: Start): Promise<Attempt<Mysql2Answer>> =>
      this.#withConnection((seam) => seam.attemptAutocommit(work, statement, request, start));
    return runAutocommit(this.#resource, around, statement, attempt, request.content);
  }

  async #withConnection<T>(work: (seam: ConnectionSeam) => Promise<T>): Promise<T> {
    const connection = await this.#connect();
    try {
      const seam = this.#seams.get(connection);
      // mysql2 announces every connection before it lends it; one unseen would write without undo.
      if (seam === undefined) throw new ResourceNotStartedError(this.#resource.resourceId);
      return await work(seam);
    } finally {
      connection.release?.();
    }
  }

  #connect(): Promise<CoreConnection> {
    return new Promise((resolve, reject) => {
      this.getConnection((error, connection) => {
        if (connection === undefined) reject(error ?? new Error('mysql2 gave no connection'));
        else resolve(connection);
      });
    });
  }
}

/** An emitter runs by itself, and could not be tried again. */
function assertReads(around: Around, { text }: Mysql2Request): void {
  const { kind, label } = classifyStatement(text);
  if (kind === 'read') return;
  throw new StatementRefusedError(
    around.xid,
    `${label} without a promise or a callback`,
    'it would run by itself, and could not be made part of it. Await it, or give it a callback.',
  );
}
