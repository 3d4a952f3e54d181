import { createRequire } from 'node:module';

import { currentTransaction, runInContext } from '../transaction/index.js';
import type { GlobalTransaction } from '../transaction/index.js';

/** A request as undici publishes it; the class differs per copy of undici. */
export interface UndiciRequest {
  readonly origin: unknown;
  readonly path: string;
  readonly method: string;
  readonly headers: unknown;
  addHeader(name: string, value: string): unknown;
}

type Method = (this: object, ...args: unknown[]) => unknown;
type Methods = Record<string, Method>;
type Owner = GlobalTransaction | undefined;

/** Where undici keeps the dispatcher that global fetch uses, per version of its interface. */
const GLOBAL_DISPATCHERS = [1, 2].map((version) =>
  Symbol.for(`undici.globalDispatcher.${String(version)}`),
);
const DISPATCHER_MODULE = /[\\/]undici[\\/].*dispatcher-base\.js$/;

/**
 * Property of requests and handlers that leads to their transaction. Every request of the process
 * has one; a WeakMap of so many short-lived keys costs the garbage collector several times as much.
 */
const OWNED = Symbol('dtx:owned');

interface Owned {
  [OWNED]?: { readonly owner: Owner };
}

/** Deep enough to see the queue of a pool below undici's own frames. */
const STACK_FRAMES = 16;

/**
 * Finds the transaction that an undici request belongs to.
 *
 * That is not always the one around the moment the request is made: a pool with a limit queues
 * requests and makes them when another request's response has come, in the context of whoever
 * opened that connection; retries and redirects are made in such callbacks too. Without this, one
 * transaction's xid would travel with another's request. So the owner is remembered where the
 * caller is still there, and put back around undici's late work.
 */
export class UndiciContext {
  readonly #seen = new WeakSet();
  readonly #undo: (() => void)[] = [];
  readonly #onLost: (current: GlobalTransaction) => void;
  #dispatchDepth = 0;

  /** @param onLost called with the transaction around, when a queued request's own is unknown */
  constructor(onLost: (current: GlobalTransaction) => void) {
    this.#onLost = onLost;
    this.#adoptDispatchers();
  }

  /** To be asked while the request is being made. */
  ownerOf(request: UndiciRequest): Owner {
    this.#adoptRequests(Object.getPrototypeOf(request) as object);
    const owner = this.#findOwner(request);
    (request as Owned)[OWNED] = { owner };
    return owner;
  }

  release(): void {
    for (const undo of this.#undo.splice(0)) undo();
  }

  #findOwner(request: UndiciRequest): Owner {
    if (this.#dispatchDepth > 0) return currentTransaction();
    // A copy whose dispatchers are not known. The handlers of its request(), stream() and
    // pipeline() have kept their caller's context.
    const handler = handlerOf(request);
    if (isAsyncResource(handler)) return handler.runInAsyncScope(currentTransaction);
    const current = currentTransaction();
    if (current === undefined || !isFromQueue()) return current;
    this.#onLost(current);
    return undefined;
  }

  /** Callbacks of a request run in its owner's context, so that what they dispatch is its too. */
  #adoptRequests(prototype: object): void {
    if (this.#seen.has(prototype)) return;
    this.#seen.add(prototype);
    // A new copy of undici: its dispatchers have been loaded by now.
    this.#adoptDispatchers();
    const names = Object.getOwnPropertyNames(prototype).filter((name) => name.startsWith('on'));
    for (const name of names) this.#wrap(prototype, name, (original) => inOwnContext(original));
  }

  #adoptDispatchers(): void {
    for (const prototype of dispatcherPrototypes()) {
      if (this.#seen.has(prototype)) continue;
      this.#seen.add(prototype);
      this.#wrap(prototype, 'dispatch', (original) => this.#dispatching(original));
    }
  }

  /** A pool hands a queued handler to its client as it got it: the handler leads to the caller. */
  #dispatching(original: Method): Method {
    // eslint-disable-next-line @typescript-eslint/no-this-alias -- the wrapper has its own `this`
    const context = this;
    return function (...args) {
      const handler = args[1];
      const owner = typeof handler === 'object' && handler ? remember(handler) : undefined;
      context.#dispatchDepth += 1;
      const call = (): unknown => Reflect.apply(original, this, args);
      try {
        return owner === currentTransaction() ? call() : runInContext(owner, call);
      } finally {
        context.#dispatchDepth -= 1;
      }
    };
  }

  #wrap(target: object, name: string, wrap: (original: Method) => Method): void {
    const methods = target as Methods;
    const original = methods[name];
    if (typeof original !== 'function') return;
    const wrapper = wrap(original);
    methods[name] = wrapper;
    this.#undo.push(() => {
      if (methods[name] === wrapper) methods[name] = original;
    });
  }
}

function inOwnContext(original: Method): Method {
  return function (this: Owned, ...args) {
    const owned = this[OWNED];
    const call = (): unknown => Reflect.apply(original, this, args);
    if (owned === undefined || owned.owner === currentTransaction()) return call();
    return runInContext(owned.owner, call);
  };
}

function remember(handler: Owned): Owner {
  const known = handler[OWNED];
  if (known !== undefined) return known.owner;
  const owner = currentTransaction();
  if (Object.isExtensible(handler)) handler[OWNED] = { owner };
  return owner;
}

/** The class below all dispatchers, of each copy of undici that can be found. */
function dispatcherPrototypes(): object[] {
  const globals = globalThis as unknown as Record<symbol, object | undefined>;
  const fromGlobals = GLOBAL_DISPATCHERS.map((symbol) => basePrototype(globals[symbol]));
  const { cache } = createRequire(process.execPath);
  const fromModules = Object.keys(cache)
    .filter((file) => DISPATCHER_MODULE.test(file))
    .map(
      (file) => (cache[file]?.exports as { readonly prototype?: object } | undefined)?.prototype,
    );
  return [...fromGlobals, ...fromModules].filter((prototype) => prototype !== undefined);
}

function basePrototype(dispatcher: object | undefined): object | undefined {
  let prototype = dispatcher && (Object.getPrototypeOf(dispatcher) as object | null);
  while (prototype) {
    // Subclasses may have a dispatch of their own; only the base class knows `destroyed`.
    if (Object.hasOwn(prototype, 'dispatch') && Object.hasOwn(prototype, 'destroyed')) {
      return prototype;
    }
    prototype = Object.getPrototypeOf(prototype) as object | null;
  }
  return undefined;
}

function handlerOf(request: UndiciRequest): unknown {
  const key = Object.getOwnPropertySymbols(request).find(
    (symbol) => symbol.description === 'handler',
  );
  return key && (request as unknown as Record<symbol, unknown>)[key];
}

interface AsyncScope {
  runInAsyncScope<T>(body: () => T): T;
}

function isAsyncResource(value: unknown): value is AsyncScope {
  return (
    typeof value === 'object' &&
    value !== null &&
    'runInAsyncScope' in value &&
    typeof value.runInAsyncScope === 'function'
  );
}

/**
 * Whether undici is emptying the queue of a pool: only its stack tells. The frames are asked, not
 * the text of the stack, since source maps put other names there.
 */
function isFromQueue(): boolean {
  const stacks: StackControl = Error;
  const { prepareStackTrace, stackTraceLimit } = stacks;
  stacks.stackTraceLimit = STACK_FRAMES;
  stacks.prepareStackTrace = (_error, frames) =>
    frames.some((frame) => frame.getFunctionName()?.includes('onDrain'));
  const answer: unknown = new Error().stack;
  Object.assign(stacks, { prepareStackTrace, stackTraceLimit });
  return answer === true;
}

interface StackControl {
  prepareStackTrace?: (error: Error, frames: NodeJS.CallSite[]) => unknown;
  stackTraceLimit: number;
}
