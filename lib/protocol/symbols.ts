/**
 * Keys that must be equal in two copies of this package and in two realms, hence `Symbol.for`.
 */

/** Slot on `globalThis` that holds the one AsyncLocalStorage of the process. */
export const DTX_CONTEXT = Symbol.for('dtx:context');

/** Slot on `globalThis` that holds the AsyncLocalStorage of links to transactions. */
export const DTX_LINKED = Symbol.for('dtx:linked');

/** Slot on `globalThis` that holds the AsyncLocalStorage of global locks without a transaction. */
export const DTX_GLOBAL_LOCK_CONTEXT = Symbol.for('dtx:global-lock-context');

/** Slot on `globalThis` that holds the AsyncLocalStorage of the mode that branches are to have. */
export const DTX_BRANCH_MODE_CONTEXT = Symbol.for('dtx:branch-mode-context');

/** Slot on `globalThis` that holds the AsyncLocalStorage of the TCC method that is running. */
export const DTX_TCC_CONTEXT = Symbol.for('dtx:tcc-context');

/** Slot on `globalThis` that holds the embedded coordinators of the process, by store file. */
export const DTX_COORDINATORS = Symbol.for('dtx:coordinators');

/** Injection token of the runtime that annotated methods run in. */
export const DTX_RUNTIME = Symbol.for('dtx:runtime');

/**
 * Property of every instance with annotated methods; Nest injects the runtime into it. Nest prints
 * the name of a property that it cannot resolve, so the name is the advice.
 */
export const DTX_SLOT = Symbol.for(
  'dtx:runtime of an annotated method. ' +
    'Add DtxModule.forRoot({ applicationId: "my-app" }) to the imports of your root module',
);

/** Metadata on a method: its GlobalTransactional definition. */
export const DTX_GLOBAL_TRANSACTIONAL = Symbol.for('dtx:global-transactional');

/** Metadata on a method: what `@TxParam` picks from its parameters. */
export const DTX_TCC_PARAMS = Symbol.for('dtx:tcc-params');

/** Property of a wrapped driver, pool or data source that leads to its resource. */
export const DTX_RESOURCE = Symbol.for('dtx:resource');
