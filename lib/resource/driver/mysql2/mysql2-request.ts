import type { StatementContent } from '../../at/index.js';
import type { Mysql2Call, Mysql2Callback } from './mysql2-driver.js';

/** A call of mysql2, in the one shape that the seam works on. */
export interface Mysql2Request {
  readonly text: string;
  readonly callback: Mysql2Callback | undefined;
  /** Sends it past the seam; may be done more than once. */
  readonly send: (originals: Originals, callback: Mysql2Callback) => unknown;
  /** The same call with other options; those given have its text as `sql`. */
  readonly changed: (change: (options: CallOptions) => CallOptions) => Mysql2Request;
  /** By which it is known again. */
  readonly content: StatementContent;
}

/** Options of a call of mysql2, as far as the seam deals with them. */
export interface CallOptions {
  readonly sql: string;
  readonly typeCast?: unknown;
}

/** What was there before the seam. */
export interface Originals {
  readonly query: Mysql2Call;
  readonly execute: Mysql2Call;
}

/** What came back, as mysql2 hands it to a callback. */
export interface Mysql2Answer {
  readonly rows: unknown;
  readonly fields: unknown;
}

/** A Query object of mysql2, which `query` takes too. It can be sent only once. */
interface Command {
  readonly sql: string;
  readonly values: unknown;
  readonly namedPlaceholders?: unknown;
  readonly onResult: Mysql2Callback | undefined;
  readonly _queryOptions?: object;
  emit(event: string, ...values: readonly unknown[]): boolean;
}

export function isCommand(config: unknown): config is Command {
  return typeof config === 'object' && config !== null && 'onResult' in config && 'emit' in config;
}

/** Reads the call forms of mysql2: (text), (text, values), (text, callback), (options, …). */
export function toRequest(
  method: 'query' | 'execute',
  config: unknown,
  values: unknown,
  callback: unknown,
): Mysql2Request {
  const given = typeof values === 'function' ? { callback: values } : { values, callback };
  const options = isCommand(config) ? optionsOf(config) : config;
  const back = (isCommand(config) ? config.onResult : given.callback) as Mysql2Callback | undefined;
  return requestOf(method, { options, values: given.values }, back);
}

/** Reads a call of a statement that was prepared. */
export function toExecution(
  text: string,
  values: unknown,
  callback: Mysql2Callback,
  execute: (callback: Mysql2Callback) => unknown,
): Mysql2Request {
  const asText = requestOf('execute', { options: text, values }, callback);
  return { ...asText, send: (_originals, answered) => execute(answered) };
}

function requestOf(
  method: 'query' | 'execute',
  { options, values }: { readonly options: unknown; readonly values: unknown },
  callback: Mysql2Callback | undefined,
): Mysql2Request {
  const text = textOf(options);
  return {
    text,
    callback,
    send: (originals, answer) => originals[method](options, values, answer),
    changed: (change) => {
      const own = typeof options === 'object' ? options : undefined;
      const changed = change({ ...own, sql: text });
      return requestOf(method, { options: changed, values }, callback);
    },
    content: { text, values: valuesOf(options, values) },
  };
}

function valuesOf(options: unknown, values: unknown): readonly unknown[] {
  const own = typeof options === 'object' ? (options as { values?: unknown } | null)?.values : [];
  const given = values ?? own;
  if (Array.isArray(given)) return given as readonly unknown[];
  return typeof given === 'object' && given !== null ? Object.values(given) : [];
}

function textOf(config: unknown): string {
  if (typeof config === 'string') return config;
  const { sql } = (config ?? {}) as { readonly sql?: unknown };
  return typeof sql === 'string' ? sql : '';
}

function optionsOf({ _queryOptions, namedPlaceholders, sql, values }: Command): object {
  const named = namedPlaceholders === undefined ? {} : { namedPlaceholders };
  return { ..._queryOptions, ...named, sql, values };
}

/** Calls back without letting the listener's error reach the promise that called it. */
export function answer(
  callback: Mysql2Callback,
  work: Promise<Mysql2Answer>,
  end: () => void,
): void {
  const later = (call: () => void): void => {
    process.nextTick(() => {
      call();
      end();
    });
  };
  work.then(
    ({ fields, rows }) => {
      later(() => {
        callback(null, rows, fields);
      });
    },
    (error: unknown) => {
      later(() => {
        callback(error);
      });
    },
  );
}

/** A BEGIN that asks for nothing, so that it may be put differently. */
export function isBareBegin({ text }: Mysql2Request): boolean {
  return /^\s*(?:BEGIN(?:\s+WORK)?|START\s+TRANSACTION)\s*;?\s*$/i.test(text);
}

/** A BEGIN behind which nothing can be written. */
export function isReadOnlyBegin(request: Mysql2Request | undefined): boolean {
  return request !== undefined && /\bREAD\s+ONLY\b/i.test(request.text);
}
