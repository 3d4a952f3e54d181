import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';

type Holder = Record<string, unknown>;

const RANDOM = ['randomBytes', 'randomFill', 'randomFillSync', 'randomInt', 'randomUUID'];
const TIMERS = ['setTimeout', 'setInterval', 'setImmediate'];

/** Each member of what is given is replaced by a function that throws. */
const AMBIENT: readonly (readonly [string, Holder, readonly string[]])[] = [
  ['', globalThis, [...TIMERS, 'fetch']],
  ['Date.', Date as unknown as Holder, ['now']],
  ['Math.', Math as unknown as Holder, ['random']],
  ['performance.', performance as unknown as Holder, ['now']],
  ['process.', process as unknown as Holder, ['hrtime', 'uptime']],
  ['crypto.', crypto, RANDOM],
  ['crypto.', globalThis.crypto as unknown as Holder, ['getRandomValues', 'randomUUID']],
];

/** Something asked the real world for time, randomness or the network. */
class LeakError extends Error {
  override readonly name = 'LeakError';

  constructor(what: string) {
    super(`${what} was called inside a simulation: take it from a port (Clock, Ids, …) instead.`);
  }
}

/**
 * Runs the work with time, timers, randomness and network of the real world taken away: whoever
 * asks for them gets an error, since a run that depends on them cannot be repeated.
 */
export async function sealed<T>(work: () => Promise<T>): Promise<T> {
  const restore = seal();
  try {
    return await work();
  } finally {
    restore();
  }
}

function seal(): () => void {
  const undo = AMBIENT.flatMap(([prefix, holder, names]) =>
    names.map((name) => replace(holder, name, leak(`${prefix}${name}()`))),
  );
  undo.push(replace(globalThis, 'Date', withoutCurrentDate()));
  syncBuiltinESMExports();
  return () => {
    for (const put of undo.reverse()) put();
    syncBuiltinESMExports();
  };
}

function leak(what: string): () => never {
  const fail = (): never => {
    throw new LeakError(what);
  };
  // process.hrtime is a function with another one on it.
  return Object.assign(fail, { bigint: fail });
}

/** `new Date(0)` is a value; `new Date()` is the clock on the wall. */
function withoutCurrentDate(): unknown {
  return new Proxy(Date, {
    construct(target, values: unknown[], newTarget: NewableFunction): object {
      if (values.length === 0) throw new LeakError('new Date()');
      return Reflect.construct(target, values, newTarget) as object;
    },
    apply: leak('Date()'),
  });
}

function replace(holder: Holder, name: string, by: unknown): () => void {
  const own = Object.getOwnPropertyDescriptor(holder, name);
  Object.defineProperty(holder, name, { value: by, configurable: true, writable: true });
  return () => {
    if (own === undefined) Reflect.deleteProperty(holder, name);
    else Object.defineProperty(holder, name, own);
  };
}
