import { TccActions } from '../resource/tcc/index.js';
import type { TransactionManager } from '../transaction/index.js';
import { BranchModeInterceptor } from './branch-mode.interceptor.js';
import { composeInterceptors } from './compose-interceptors.js';
import { GlobalLockInterceptor } from './global-lock.interceptor.js';
import { GlobalTransactionalInterceptor } from './global-transactional.interceptor.js';
import { TccActionInterceptor } from './tcc-action.interceptor.js';
import type {
  Invocation,
  MethodDefinition,
  MethodInterceptor,
} from './method-interceptor.interface.js';

/**
 * What annotated methods of one application run in. Each of its instances holds it in a hidden
 * property, so that several applications in one process do not meet.
 */
export class DtxRuntime {
  /** Filled when the application starts. */
  readonly tccActions = new TccActions();
  readonly #chain: MethodInterceptor;
  #isClosed = false;

  constructor(manager: TransactionManager) {
    this.#chain = composeInterceptors([
      new GlobalTransactionalInterceptor(manager),
      new GlobalLockInterceptor(manager),
      new BranchModeInterceptor(),
      new TccActionInterceptor(this.tccActions),
    ]);
  }

  /** Whether its application has shut down. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** What the stub of an annotated method calls instead of the method. */
  run(definition: MethodDefinition, invocation: Invocation, args: readonly unknown[]): unknown {
    return this.#chain.intercept(definition, invocation, args);
  }

  close(): void {
    this.#isClosed = true;
  }
}
