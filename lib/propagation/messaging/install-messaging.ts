import type { DtxLog } from '../../protocol/index.js';
import type { Around } from './carrier.interface.js';
import { MESSAGE_CARRIERS } from './carriers.js';
import type { MessageHost } from './inbound-handler.js';
import { adoptServer } from './inbound-server.js';
import type { Microservices } from './inbound-server.js';

/** What the process shares, whichever copy of the package came first. */
interface MessagingState {
  /** By the ModulesContainer of the application, which its microservices share with it. */
  readonly hosts: WeakMap<object, MessageHost>;
  readonly installed: WeakSet<object>;
}

const DTX_MESSAGING = Symbol.for('dtx:messaging');

const slot = globalThis as unknown as Record<symbol, MessagingState | undefined>;

const state = (slot[DTX_MESSAGING] ??= { hosts: new WeakMap(), installed: new WeakSet() });

/**
 * Has the messages of this application's microservices join transactions. It outlives the
 * application: a message that comes while that shuts down must fail, and not run outside.
 *
 * @param modules the ModulesContainer of the application
 */
export function registerMessageHost(modules: object, host: MessageHost): void {
  state.hosts.set(modules, host);
}

/**
 * Changes the classes of `@nestjs/microservices`, once per process: clients send the xid, servers
 * hand it to the application that they belong to. Where no transaction is around, and in
 * applications without DtxModule, everything is as it was.
 *
 * @param log told once of what does not look as expected, and hence is left as it is
 */
export function installMessaging(microservices: Microservices, log: DtxLog): void {
  const app = prototypeOf(microservices['NestMicroservice']);
  if (app !== undefined && state.installed.has(app)) return;
  const missed = MESSAGE_CARRIERS.filter(({ outbound }) => {
    const prototype = prototypeOf(microservices[outbound.clientClass]);
    return !Object.entries(outbound.around).every(([name, around]) =>
      wrapMethod(prototype, name, around),
    );
  }).map(({ name }) => `clients of ${name}`);
  const hasServers = wrapMethod(app, 'registerListeners', (instance, call) => {
    adoptServerOf(instance, microservices, log);
    return call();
  });
  if (!hasServers) missed.push('microservices');
  if (app !== undefined) state.installed.add(app);
  if (missed.length > 0) log.warn(unknownShape(missed.join(', ')));
}

/** A NestMicroservice: where its server and the application that it belongs to meet. */
interface MicroserviceApp {
  readonly container?: { getModules?(): object };
  readonly serverInstance?: unknown;
}

function adoptServerOf(app: MicroserviceApp, microservices: Microservices, log: DtxLog): void {
  const modules = app.container?.getModules?.();
  const host = modules && state.hosts.get(modules);
  if (modules !== undefined && host === undefined) return;
  if (host !== undefined && adoptServer(app.serverInstance, host, microservices)) return;
  log.warn(unknownShape('the server of a microservice'));
}

function prototypeOf(type: unknown): object | undefined {
  return typeof type === 'function' ? (type.prototype as object) : undefined;
}

/** @returns whether there is such a method */
function wrapMethod(prototype: object | undefined, name: string, around: Around): boolean {
  if (prototype === undefined || !(name in prototype)) return false;
  type Method = (this: object, ...args: unknown[]) => unknown;
  const methods = prototype as Record<string, Method>;
  const own = Object.hasOwn(prototype, name) ? methods[name] : undefined;
  // An inherited one is looked up at each call: somebody may wrap it after us.
  const inherited = Object.getPrototypeOf(prototype) as Record<string, Method> | null;
  methods[name] = function (...args) {
    const original = own ?? inherited?.[name];
    return around(this, () => original && Reflect.apply(original, this, args));
  };
  return true;
}

const unknownShape = (what: string): string =>
  `The xid does not travel by ${what}: this version of @nestjs/microservices is not as expected. ` +
  `Pass it on by hand, or use a version that nestjs-dtx is tested with.`;
