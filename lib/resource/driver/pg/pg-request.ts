import type { QueryResult } from 'pg';

import type { StatementContent } from '../../at/index.js';

/** What pg's `query` was called with, in the one shape that the seam works on. */
export interface PgRequest {
  readonly text: string;
  readonly config: unknown;
  readonly values: unknown;
  readonly callback: PgCallback | undefined;
}

export type PgCallback = (error: unknown, result?: QueryResult) => void;

/** An object that pg submits by itself: a Query, a cursor or a stream. */
export interface Submittable {
  readonly submit: (connection: unknown) => void;
  readonly text?: string;
  readonly cursor?: { readonly text?: string };
}

export function isSubmittable(config: unknown): config is Submittable {
  return typeof config === 'object' && config !== null && 'submit' in config;
}

/** Reads the call forms of pg: (text), (text, values), (text, callback), (config, …). */
export function toRequest(config: unknown, values: unknown, callback: unknown): PgRequest {
  const given = typeof values === 'function' ? { callback: values } : { values, callback };
  const own = typeof config === 'object' && config !== null ? (config as OwnFields) : {};
  return {
    text: typeof config === 'string' ? config : (own.text ?? ''),
    // A callback inside the config would be called by pg as well as by us.
    config: own.callback === undefined ? config : { ...own, callback: undefined },
    values: given.values,
    callback: (given.callback ?? own.callback) as PgCallback | undefined,
  };
}

/** A statement of ours, without values. */
export function plainRequest(text: string): PgRequest {
  return { text, config: text, values: undefined, callback: undefined };
}

/** By which a statement is known again. */
export function contentOf({ config, text, values }: PgRequest): StatementContent {
  const own = typeof config === 'object' && config !== null ? (config as OwnFields).values : [];
  const given = values ?? own;
  return { text, values: Array.isArray(given) ? given : [] };
}

interface OwnFields {
  readonly text?: string;
  readonly values?: unknown;
  readonly callback?: unknown;
}

/** Whether the text may be joined with others into one packet of the simple protocol. */
export function isPlainText(request: PgRequest): boolean {
  const values = request.values;
  return typeof request.config === 'string' && (!Array.isArray(values) || values.length === 0);
}

/** Calls back without letting the listener's error reach the promise that called it. */
export function answer(callback: PgCallback, work: Promise<QueryResult>): void {
  work.then(
    (result) => {
      queueMicrotask(() => {
        callback(null, result);
      });
    },
    (error: unknown) => {
      queueMicrotask(() => {
        callback(error);
      });
    },
  );
}
