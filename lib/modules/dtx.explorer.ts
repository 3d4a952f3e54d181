import { Inject, Injectable } from '@nestjs/common';
import { DiscoveryService, ModuleRef } from '@nestjs/core';

import { annotatedMethodsOf, fillSlot, hasSlot } from '../decorators/index.js';
import { DtxRuntime } from '../interceptors/index.js';
import type { MethodDefinition } from '../interceptors/index.js';
import { DTX_RUNTIME, DTX_SLOT } from '../protocol/index.js';
import type { TccDefinition } from '../transaction/index.js';
import type { TccMethod } from './tcc-resources.js';
import type { NamedInstance } from './uncovered-sources.js';

/** What the scan of an application has found. */
export interface ScanReport {
  /** Methods with `@GlobalTransactional`. */
  readonly methodCount: number;
  /** Methods with `@GlobalLock` alone. */
  readonly lockedMethodCount: number;
  readonly classCount: number;
  /** What will not be transactional although it looks so, one sentence each. */
  readonly warnings: readonly string[];
}

type Wrapper = ReturnType<DiscoveryService['getProviders']>[number];

/** Looks through the providers and controllers of the application. */
@Injectable()
export class DtxExplorer {
  readonly #discovery: DiscoveryService;
  readonly #moduleRef: ModuleRef;
  readonly #runtime: DtxRuntime;

  constructor(
    discovery: DiscoveryService,
    @Inject(DTX_RUNTIME) runtime: DtxRuntime,
    moduleRef: ModuleRef,
  ) {
    this.#moduleRef = moduleRef;
    this.#discovery = discovery;
    this.#runtime = runtime;
  }

  /**
   * Finds annotated methods, and hands the runtime to objects that Nest did not build itself: those
   * of factories and values, into which it injects nothing.
   *
   * @throws UnsupportedMethodError (DTX_ERR_CONFIG_METHOD) such an object is frozen
   */
  explore(): ScanReport {
    const classes = new Set<object>();
    const warnings = new Set<string>();
    let methodCount = 0;
    let lockedMethodCount = 0;
    for (const wrapper of this.#wrappers()) {
      if (isUnboundFactory(wrapper)) warnings.add(factoryWarning(String(wrapper.name)));
      const prototype = prototypeOf(wrapper);
      if (prototype === undefined || !hasSlot(prototype)) continue;
      if (isSingleton(wrapper)) this.#bind(wrapper.instance as object, prototype, warnings);
      if (classes.has(prototype)) continue;
      classes.add(prototype);
      const { definitions, overridden } = annotatedMethodsOf(prototype);
      const transactional = definitions.filter(({ transaction }) => transaction !== undefined);
      methodCount += transactional.length;
      lockedMethodCount += definitions.filter(
        ({ lock, transaction }) => lock !== undefined && transaction === undefined,
      ).length;
      for (const { method, definition } of overridden) {
        warnings.add(overrideWarning(method, definition));
      }
    }
    const classCount = classes.size;
    return { methodCount, lockedMethodCount, classCount, warnings: [...warnings] };
  }

  /** The TCC actions of the application, each with what gives the object whose methods they are. */
  tccMethods(): readonly TccMethod[] {
    const methods = new Map<TccDefinition, TccMethod>();
    for (const wrapper of this.#wrappers()) {
      const prototype = prototypeOf(wrapper);
      if (prototype === undefined || !hasSlot(prototype)) continue;
      for (const { tcc } of annotatedMethodsOf(prototype).definitions) {
        if (tcc === undefined || methods.has(tcc)) continue;
        methods.set(tcc, { definition: tcc, target: () => this.#objectOf(wrapper) });
      }
    }
    return [...methods.values()];
  }

  /** One that lives for a request or a use is built for phase two, which is neither. */
  async #objectOf(wrapper: Wrapper): Promise<object> {
    if (isSingleton(wrapper)) return wrapper.instance as object;
    const options = { strict: false };
    return this.#moduleRef.resolve<object>(wrapper.token as string, undefined, options);
  }

  /** Every object that lives as long as the application, whatever it is. */
  singletons(): readonly unknown[] {
    return this.#wrappers()
      .filter(isSingleton)
      .map((wrapper): unknown => wrapper.instance);
  }

  /** What providers have given, classes aside: also functions, which some libraries give. */
  named(): readonly NamedInstance[] {
    return this.#discovery
      .getProviders()
      .filter((wrapper) => isSingleton(wrapper) || typeof wrapper.instance === 'function')
      .map((wrapper) => ({ name: String(wrapper.name), instance: wrapper.instance as unknown }));
  }

  #wrappers(): readonly Wrapper[] {
    return [...this.#discovery.getProviders(), ...this.#discovery.getControllers()];
  }

  #bind(instance: object, prototype: object, warnings: Set<string>): void {
    if (!hasSlot(instance)) return;
    const bound = instance[DTX_SLOT];
    if (bound === this.#runtime) return;
    const [first] = annotatedMethodsOf(prototype).definitions;
    if (first === undefined) return;
    if (bound === undefined || bound.isClosed) {
      fillSlot(instance, this.#runtime, first.method);
      return;
    }
    warnings.add(
      `The object behind ${first.method} also belongs to another application of this process, ` +
        `which keeps it: its transactions begin there. Give each application an object of its own.`,
    );
  }
}

const isSingleton = (wrapper: Wrapper): boolean =>
  typeof wrapper.instance === 'object' &&
  wrapper.instance !== null &&
  !wrapper.isTransient &&
  wrapper.isDependencyTreeStatic();

/** For a factory or a value, `metatype` says nothing about the object. */
function prototypeOf(wrapper: Wrapper): object | undefined {
  if (wrapper.isNotMetatype) {
    const instance: unknown = wrapper.instance;
    if (typeof instance !== 'object' || instance === null) return undefined;
    return (Object.getPrototypeOf(instance) as object | null) ?? undefined;
  }
  return (wrapper.metatype as { prototype?: object } | null)?.prototype;
}

/** Its objects do not exist yet, and nobody will tell of them when they do. */
const isUnboundFactory = (wrapper: Wrapper): boolean =>
  wrapper.isFactory && !isSingleton(wrapper) && isAnnotatedClass(wrapper.token);

function isAnnotatedClass(token: unknown): boolean {
  if (typeof token !== 'function') return false;
  const prototype: unknown = token.prototype;
  return typeof prototype === 'object' && prototype !== null && hasSlot(prototype);
}

const factoryWarning = (provider: string): string =>
  `${provider} comes from a factory that runs per request or per use, where nothing can be ` +
  `injected into what it returns: its annotated methods (@GlobalTransactional, @GlobalLock) run ` +
  `without a transaction. Provide it by useClass, or make the factory a singleton.`;

/** What the method lacks without the decorator that says it. */
const LACKS = {
  transaction: ['@GlobalTransactional', 'runs without a transaction of its own'],
  lock: ['@GlobalLock', 'does not respect rows that global transactions hold'],
  tcc: ['@TccAction', 'is no branch, and is neither confirmed nor cancelled'],
  mode: ['@BranchMode', 'has the branches that its data sources say'],
} as const;

function overrideWarning(method: string, original: MethodDefinition): string {
  const aspects = (Object.keys(LACKS) as (keyof typeof LACKS)[]).filter(
    (aspect) => original[aspect] !== undefined,
  );
  const [decorator, lack] = LACKS[aspects[0] ?? 'transaction'];
  return (
    `${method} overrides ${original.method} without ${decorator}, so it ${lack}. Annotate it ` +
    `too; if it calls super, only that call has it.`
  );
}
