import { InvalidOptionError } from '../protocol/index.js';

/**
 * What a message tells its receiver of the transaction that it is sent in: `join` lets it take
 * part, `link` names the transaction for logs and traces (`linkedXid()`), `none` is silent.
 *
 * @publicApi
 */
export type XidMode = 'join' | 'link' | 'none';

/**
 * Modes by the two ways in which a message can be sent.
 *
 * @publicApi
 */
export interface XidModes {
  /** Requests, which are answered: `send()` of a Nest client, and gRPC calls. @default 'join' */
  readonly send?: XidMode;
  /**
   * Events, which are not: `emit()`. Who handles one may do so after the transaction has ended, and
   * nobody would hear that it has failed. @default 'link'
   */
  readonly emit?: XidMode;
}

/**
 * How the xid travels with messages: gRPC, and the Nest transports TCP and Redis.
 *
 * @example
 * ```ts
 * import type { MessagingOptions } from 'nestjs-dtx';
 *
 * export const messaging: MessagingOptions = {
 *   clients: { MAIL_SERVICE: 'none', STOCK_SERVICE: { emit: 'join' } },
 * };
 * ```
 *
 * @publicApi
 */
export interface MessagingOptions extends XidModes {
  /** Whether messages that carry an xid join its global transaction. @default true */
  readonly incoming?: boolean;
  /** Other modes for some clients, by their injection tokens. @default {} */
  readonly clients?: Readonly<Record<string, XidMode | XidModes>>;
}

const MODES: readonly unknown[] = ['join', 'link', 'none'] satisfies XidMode[];
const WAYS: readonly string[] = ['send', 'emit'] satisfies (keyof XidModes)[];
const KEYS: readonly string[] = [...WAYS, 'incoming', 'clients'];
const MODE_FIX = "Use 'join', 'link' or 'none'.";

/**
 * Checks the options once, at start.
 *
 * @param path what the options are a part of, for messages: `DtxModule option messaging`
 * @throws InvalidOptionError (DTX_ERR_CONFIG_OPTION)
 */
export function validateMessaging(options: unknown, path: string): void {
  const given = assertObject(options, path, "Use an object such as { emit: 'none' }.");
  assertKeys(given, KEYS, path);
  for (const way of WAYS) validateMode(given[way], `${path}.${way}`);
  const { incoming, clients = {} } = given;
  if (incoming !== undefined && typeof incoming !== 'boolean') {
    const fix = 'Use true or false.';
    throw new InvalidOptionError({ option: `${path}.incoming`, value: incoming, fix });
  }
  const fix = "Use an object such as { MAIL_SERVICE: 'none' }.";
  const byToken = assertObject(clients, `${path}.clients`, fix);
  for (const [token, modes] of Object.entries(byToken)) {
    if (typeof modes === 'object') validateModes(modes, `${path}.clients.${token}`);
    else validateMode(modes, `${path}.clients.${token}`);
  }
}

/** @throws InvalidOptionError (DTX_ERR_CONFIG_OPTION) */
export function validateModes(modes: unknown, path: string): asserts modes is XidModes {
  const given = assertObject(modes, path, "Use an object such as { emit: 'join' }.");
  assertKeys(given, WAYS, path);
  for (const way of WAYS) validateMode(given[way], `${path}.${way}`);
}

/** @throws InvalidOptionError (DTX_ERR_CONFIG_OPTION) */
export function validateMode(mode: unknown, path: string): void {
  if (mode === undefined || MODES.includes(mode)) return;
  throw new InvalidOptionError({ option: path, value: mode, fix: MODE_FIX });
}

/** One mode stands for both ways. */
export const toModes = (modes: XidMode | XidModes): XidModes =>
  typeof modes === 'string' ? { send: modes, emit: modes } : modes;

function assertObject(
  value: unknown,
  option: string,
  fix: string,
): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Readonly<Record<string, unknown>>;
  }
  throw new InvalidOptionError({ option, value, fix });
}

function assertKeys(given: object, known: readonly string[], path: string): void {
  for (const [key, value] of Object.entries(given)) {
    if (known.includes(key)) continue;
    const fix = `There is no such option; there are ${known.join(', ')}.`;
    throw new InvalidOptionError({ option: `${path}.${key}`, value, fix });
  }
}
