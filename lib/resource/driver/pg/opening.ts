import type { ClientBase } from 'pg';

import type { PgRequest } from './pg-request.js';

/** What opens a local transaction: BEGIN, and the mark behind it where it has one. */
export type Opening = readonly string[];

/** The part of pg's own connection that is used; cursors are built on the same. */
export interface Wire {
  readonly stream: { cork(): void; uncork(): void };
  readonly parsedStatements: Readonly<Record<string, unknown>>;
  parse(statement: { readonly text: string }): void;
  bind(portal: object): void;
  execute(portal: object): void;
}

interface OpenClient {
  /** The server has answered everything, so that what is given to the client leaves at once. */
  readonly readyForQuery?: boolean;
  readonly connection?: Partial<Wire>;
}

/** The fields of a query that decide how pg sends it. */
interface Sent {
  readonly name?: string;
  readonly rows?: number;
  readonly values?: unknown;
}

const BEGIN_WORDS = [
  ...['work', 'transaction', 'isolation', 'level', 'serializable', 'repeatable', 'read', 'write'],
  ...['committed', 'uncommitted', 'only', 'not', 'deferrable'],
];

/** A BEGIN that the server takes for sure: its words, in any order, and no second statement. */
const PLAIN_BEGIN = new RegExp(
  `^\\s*(?:begin|start\\s+transaction)(?:[\\s,]+(?:${BEGIN_WORDS.join('|')}))*[\\s;]*$`,
  'i',
);

/** Whether this BEGIN may wait for the first statement. */
export function mayWait(client: ClientBase, begin: string): boolean {
  return wireOf(client) !== undefined && PLAIN_BEGIN.test(begin);
}

/**
 * The connection on which the opening can travel in the packet of this statement; undefined where
 * it has to go alone. It can if the client is idle, and sends the statement by the extended
 * protocol, which is known by its values. pg takes the first "parsed" for that of a named
 * statement, so it must have been parsed before; it asks for the next rows of a statement read in
 * parts whenever anything completes; and what it refuses by itself is never sent, nor is the end of
 * the packet then.
 */
export function carrierOf(
  client: ClientBase,
  { config, text, values }: PgRequest,
): Wire | undefined {
  const wire = wireOf(client);
  if (wire === undefined || (client as OpenClient).readyForQuery !== true) return undefined;
  const own: Sent = typeof config === 'object' && config !== null ? config : {};
  const given = values ?? own.values;
  if (!Array.isArray(given) || given.length === 0 || own.rows !== undefined) return undefined;
  if (text === '') return undefined;
  const isKnown = own.name === undefined || wire.parsedStatements[own.name] === text;
  return isKnown ? wire : undefined;
}

/**
 * Sends the opening and the statement behind it as one packet, and so in one round trip. If one of
 * them fails, the server passes over the rest. The driver counts all answers as the statement's.
 */
export async function sendOpened<T>(
  wire: Wire,
  opening: Opening,
  send: () => Promise<T>,
): Promise<T> {
  let sent: Promise<T | readonly T[]>;
  wire.stream.cork();
  try {
    for (const text of opening) {
      wire.parse({ text });
      wire.bind({});
      wire.execute({});
    }
    sent = send();
  } finally {
    wire.stream.uncork();
  }
  return lastOf(await sent);
}

/** pg answers several statements with a list of results, and one with its result. */
export function lastOf<T>(results: T | readonly T[]): T {
  return Array.isArray(results) ? (results.at(-1) as T) : (results as T);
}

/** Undefined over the native client, which has no such connection. */
function wireOf(client: ClientBase): Wire | undefined {
  const { connection } = client as OpenClient;
  const { bind, execute, parse, parsedStatements, stream } = connection ?? {};
  const isWhole =
    typeof parse === 'function' &&
    typeof bind === 'function' &&
    typeof execute === 'function' &&
    typeof stream?.cork === 'function' &&
    parsedStatements !== undefined;
  return isWhole ? (connection as Wire) : undefined;
}
