import { EventEmitter } from 'node:events';

import { StatementRefusedError } from '../../../protocol/index.js';
import { refused } from '../../../system/index.js';
import type { Around, AtResource, Attempt, LocalWork, Start, Statement } from '../../at/index.js';
import {
  ConnectionBranch,
  currentAround,
  refusalOf,
  runAutocommit,
  workOf,
} from '../../at/index.js';
import { classifyStatement } from './classify-statement.js';
import { Mysql2Connection } from './mysql2-connection.js';
import type {
  CoreConnection,
  Mysql2Call,
  Mysql2Callback,
  PreparedStatement,
} from './mysql2-driver.js';
import type { Mysql2Answer, Mysql2Request, Originals } from './mysql2-request.js';
import { answer, isCommand, toExecution, toRequest } from './mysql2-request.js';
import { inside } from './outside.js';

type Method = 'query' | 'execute';
type Prepared = (error: unknown, statement?: PreparedStatement) => void;

/** How a call without a callback is made: it answers as an emitter, and runs by itself. */
interface Streamed {
  readonly text: string;
  readonly now: () => unknown;
  /**
   * What to answer at once, and what to send when it is its turn; undefined where it cannot wait.
   */
  readonly later: (() => { readonly emitter: unknown; readonly send: () => unknown }) | undefined;
  /** Says no. */
  readonly refuse: (error: StatementRefusedError) => unknown;
}

/**
 * Stands in front of one connection of mysql2. Outside a global transaction it passes every call on
 * as it is. Inside, it puts the calls in order and makes each local transaction a branch.
 */
export class ConnectionSeam {
  readonly #resource: AtResource;
  readonly #core: CoreConnection;
  readonly #connection: Mysql2Connection;
  readonly #branch: ConnectionBranch<Mysql2Request, Mysql2Answer>;
  readonly #originals: Originals;
  readonly #statements = new WeakSet<PreparedStatement>();
  /** Settles when the calls that the seam has taken on are done; undefined when there are none. */
  #tail: Promise<unknown> | undefined;

  constructor(core: CoreConnection, resource: AtResource) {
    this.#core = core;
    this.#resource = resource;
    this.#originals = { query: core.query.bind(core), execute: core.execute.bind(core) };
    this.#connection = new Mysql2Connection(core, resource, this.#originals);
    this.#branch = new ConnectionBranch({ resource, connection: this.#connection });
    const prepare = core.prepare.bind(core);
    core.query = this.#wrapped('query');
    core.execute = this.#wrapped('execute');
    core.prepare = (options, callback) => prepare(options, this.#preparedBack(callback));
    core.changeUser = this.#outsideOnly('changeUser()', core.changeUser.bind(core));
    core.reset = this.#outsideOnly('reset()', core.reset.bind(core));
    core.once('end', () => {
      this.connectionLost();
    });
  }

  /**
   * The connection is to go back to its pool. Undefined when it may at once; else settles when it
   * may, since the next user must not meet the mark.
   */
  released(): Promise<unknown> | undefined {
    if (this.#tail === undefined && this.#branch.work === undefined) {
      return this.#connection.cleaning;
    }
    return this.#inTurn(async () => {
      this.#branch.released();
      await this.#connection.cleaning;
    });
  }

  /** Settles when no prepared branch is bound to the connection; undefined while none is. */
  get pinned(): Promise<void> | undefined {
    return this.#connection.xa.pinned;
  }

  connectionLost(): void {
    this.#connection.xa.lost();
    this.#branch.connectionLost();
  }

  /** Gives the connection up, so that its place in the pool is free. The branch stays prepared. */
  detach(): void {
    this.#connection.detach();
  }

  /** One run of an autocommit statement as a local transaction of its own. */
  attemptAutocommit(
    work: LocalWork,
    statement: Statement,
    request: Mysql2Request,
    start: Start,
  ): Promise<Attempt<Mysql2Answer>> {
    return this.#branch.attemptAutocommit(work, statement, request, start);
  }

  /** Runs a call in its turn. */
  run(around: Around | undefined, request: Mysql2Request): Promise<Mysql2Answer> {
    return this.#inTurn(() => this.#run(around, request));
  }

  #wrapped(method: Method): Mysql2Call {
    return (config, values, callback) => {
      const around = currentAround();
      if (this.#isIdle(around)) {
        this.#connection.othersSend();
        return this.#originals[method](config, values, callback);
      }
      const request = toRequest(method, config, values, callback);
      if (request.callback !== undefined) return this.#answered(around, request, config);
      return this.#stream(around, this.#streamed(method, config, values));
    };
  }

  /** Nothing is around the caller, and nothing of ours is under way. */
  #isIdle(around: Around | undefined): boolean {
    const isOurs = this.#branch.work !== undefined || this.pinned !== undefined;
    return around === undefined && !isOurs && this.#tail === undefined;
  }

  #answered(around: Around | undefined, request: Mysql2Request, config: unknown): unknown {
    const work = this.run(around, request);
    // Whoever waits for its end, such as a pool cluster that releases then, gets it behind COMMIT.
    const command = isCommand(config) ? config : new EventEmitter();
    if (request.callback !== undefined) answer(request.callback, work, () => command.emit('end'));
    return command;
  }

  #streamed(method: Method, config: unknown, values: unknown): Streamed {
    const { text } = toRequest(method, config, values, undefined);
    const now = (): unknown => this.#originals[method](config, values);
    const refuse = (error: StatementRefusedError): unknown => {
      if (!isCommand(config)) throw error;
      process.nextTick(() => {
        config.emit('error', error);
        config.emit('end');
      });
      return config;
    };
    if (method === 'execute') return { text, now, later: undefined, refuse };
    const later: Streamed['later'] = () => {
      const emitter = isCommand(config) ? config : this.#createQuery(config, values);
      return { emitter, send: () => this.#originals.query(emitter) };
    };
    return { text, now, later, refuse };
  }

  #createQuery(config: unknown, values: unknown): unknown {
    const connections = this.#core.constructor as unknown as {
      createQuery(sql: unknown, values: unknown, callback: undefined, config: object): unknown;
    };
    return connections.createQuery(config, values, undefined, this.#core.config);
  }

  /** Emitters and streams may read, but a write could not be tried again. */
  #stream(current: Around | undefined, { later, now, refuse, text }: Streamed): unknown {
    const around = this.#branch.work ?? current;
    const { kind, label } = classifyStatement(text);
    if (around !== undefined && kind !== 'read') {
      const reason =
        'it would run by itself, and could not be made part of it. Await it, or give it a ' +
        'callback.';
      return refuse(
        new StatementRefusedError(around.xid, `${label} without a promise or a callback`, reason),
      );
    }
    if (this.#tail === undefined) {
      this.#connection.othersSend();
      return now();
    }
    if (later === undefined) {
      const reason = 'it cannot wait for what was sent before. Await that first.';
      const what = `${label} by execute() without a callback`;
      return refuse(new StatementRefusedError(around?.xid, what, reason));
    }
    const { emitter, send } = later();
    // What it returns has a `then` that throws, so no promise may see it.
    void this.#inTurn(() => {
      this.#connection.othersSend();
      send();
      return Promise.resolve();
    });
    return emitter;
  }

  /** Callers may queue statements without awaiting them; they run in the order of the calls. */
  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const running = this.#tail === undefined ? work() : this.#tail.then(work, work);
    const passOn = (): void => {
      if (this.#tail === tail) this.#tail = undefined;
    };
    const tail = running.then(passOn, passOn);
    this.#tail = tail;
    return running;
  }

  #run(around: Around | undefined, request: Mysql2Request): Promise<Mysql2Answer> {
    if (this.#branch.work !== undefined) return this.#branch.run(request);
    if (this.pinned === undefined) return this.#runUnpinned(around, request);
    return this.#unpinned(around, request).then(() => this.#runUnpinned(around, request));
  }

  /** Not an async function: this is the hot path, and each layer of them costs it promises. */
  #runUnpinned(around: Around | undefined, request: Mysql2Request): Promise<Mysql2Answer> {
    if (around === undefined) return this.#connection.send(request);
    try {
      return this.#runAround(around, request);
    } catch (refusal) {
      return refused(refusal);
    }
  }

  #runAround(around: Around, request: Mysql2Request): Promise<Mysql2Answer> {
    const statement = classifyStatement(request.text);
    const what = `${statement.label} on ${this.#resource.resourceId}`;
    switch (statement.kind) {
      case 'refused':
        // Under the global lock alone nothing will be undone, so nothing has to be.
        if (around.xid === undefined) return this.#connection.send(request);
        around.assertActive(what);
        throw refusalOf(around, statement);
      case 'begin':
        this.#connection.startAfresh();
        return this.#branch.begin(workOf(this.#resource, around, what), request);
      case 'write':
      case 'locking-read':
        return this.#runAutocommit(around, statement, request);
      default:
        return this.#connection.send(request);
    }
  }

  /** Reading is all that a connection can do that has prepared a branch. */
  async #unpinned(around: Around | undefined, request: Mysql2Request): Promise<void> {
    const { kind, label } = classifyStatement(request.text);
    if (kind !== 'read') await this.#connection.xa.untilFree(around?.xid, label);
  }

  #runAutocommit(
    around: Around,
    statement: Statement,
    request: Mysql2Request,
  ): Promise<Mysql2Answer> {
    if (statement.kind !== 'write' && !around.isActive) return this.#connection.send(request);
    this.#connection.startAfresh();
    const attempt = (work: LocalWork, start: Start): Promise<Attempt<Mysql2Answer>> =>
      this.#branch.attemptAutocommit(work, statement, request, start);
    return runAutocommit(this.#resource, around, statement, attempt, request.content);
  }

  /**
   * mysql2 calls back in the context of whoever has opened the connection; this is the caller's.
   */
  #preparedBack(callback: unknown): unknown {
    if (typeof callback !== 'function') return callback;
    const back = callback as Prepared;
    const bound = currentAround() === undefined ? back : inside(back);
    const watched: Prepared = (error, statement) => {
      if (statement !== undefined) this.#watch(statement);
      bound(error, statement);
    };
    return watched;
  }

  /** mysql2 hands the same statement out again for the same text. */
  #watch(statement: PreparedStatement): void {
    if (this.#statements.has(statement)) return;
    this.#statements.add(statement);
    const execute = statement.execute.bind(statement);
    statement.execute = (values, callback) => {
      const around = currentAround();
      if (this.#isIdle(around)) {
        this.#connection.othersSend();
        return execute(values, callback);
      }
      const back = typeof values === 'function' ? values : callback;
      const given = typeof values === 'function' ? [] : values;
      if (back === undefined) {
        const refuse = (error: StatementRefusedError): never => {
          throw error;
        };
        const now = (): unknown => execute(given);
        return this.#stream(around, { text: statement.query, now, later: undefined, refuse });
      }
      const request = toExecution(statement.query, given, back as Mysql2Callback, (answered) =>
        execute(given, answered),
      );
      return this.#answered(around, request, undefined);
    };
  }

  /** Both would end the local transaction, and take the mark with it, behind the branch's back. */
  #outsideOnly<Call extends (options: unknown, callback?: unknown) => unknown>(
    what: string,
    original: Call,
  ): Call {
    const call = (options: unknown, callback?: unknown): unknown => {
      const { work } = this.#branch;
      if (work === undefined && this.pinned === undefined) {
        this.#connection.othersSend();
        return original(options, callback);
      }
      const reason =
        'it would end the local transaction that is open, or damage the branch that the ' +
        'connection has prepared. End that first.';
      const error = new StatementRefusedError(work?.xid, what, reason);
      const back = typeof options === 'function' ? options : callback;
      if (typeof back !== 'function') throw error;
      process.nextTick(back, error);
      return undefined;
    };
    return call as Call;
  }
}
