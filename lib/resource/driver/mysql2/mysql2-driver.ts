import type { EventEmitter } from 'node:events';

/** How mysql2 answers: rows or a header, and the columns where there are any. */
export type Mysql2Callback = (error: unknown, rows?: unknown, fields?: unknown) => void;

/** `query` and `execute`, in every form that mysql2 takes. */
export type Mysql2Call = (config: unknown, values?: unknown, callback?: unknown) => unknown;

/** A prepared statement of mysql2. */
export interface PreparedStatement {
  /** Its text. */
  readonly query: string;
  execute: (values?: unknown, callback?: unknown) => unknown;
}

/** A connection of mysql2 below its promise form, as far as the seam deals with it. */
export interface CoreConnection extends EventEmitter {
  readonly config: object;
  /** By which the server knows it; null before it is connected. */
  readonly threadId?: number | null;
  query: Mysql2Call;
  execute: Mysql2Call;
  prepare: (options: unknown, callback?: unknown) => unknown;
  changeUser: (options: unknown, callback?: unknown) => unknown;
  reset: (callback?: unknown) => unknown;
  destroy(): void;
  /** Of a connection that a pool has made. */
  release?(): void;
  /** The pool that it belongs to; null once it has been taken out. */
  readonly _pool?: object | null;
}

/** A pool of mysql2 below its promise form. */
export interface CorePool extends EventEmitter {
  readonly config: { readonly connectionConfig: object; readonly connectionLimit?: number };
  query: Mysql2Call;
  execute: Mysql2Call;
  getConnection: (callback: GetConnectionCallback) => unknown;
  releaseConnection: (connection: CoreConnection) => unknown;
  readonly _allConnections?: { readonly length: number };
  readonly _freeConnections?: { readonly length: number };
  readonly _connectionQueue?: { readonly length: number };
}

export type GetConnectionCallback = (error: Error | null, connection?: CoreConnection) => void;

/** A pool cluster of mysql2 below its promise form. */
export interface CoreCluster {
  add: (id: unknown, config?: unknown) => unknown;
  readonly _nodes: Readonly<Record<string, { readonly pool: CorePool }>>;
}

/** The answer to a statement that returns no rows. */
export interface ResultHeader {
  readonly serverStatus: number;
  readonly [field: string]: unknown;
}

/** Bits of `serverStatus`. */
export const IN_TRANSACTION = 1;
export const AUTOCOMMIT = 2;

/** The object below a promise form of mysql2, or the object itself. */
export function coreOf(given: object, field: 'pool' | 'connection' | 'poolCluster'): unknown {
  return (given as Readonly<Record<string, unknown>>)[field] ?? given;
}
