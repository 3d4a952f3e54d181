import type { TccActions } from '../resource/tcc/index.js';
import type {
  Invocation,
  MethodDefinition,
  MethodInterceptor,
} from './method-interceptor.interface.js';

/** Runs methods that carry `@TccAction` as tries. Innermost: a transaction of its own is around. */
export class TccActionInterceptor implements MethodInterceptor {
  readonly #actions: TccActions;

  constructor(actions: TccActions) {
    this.#actions = actions;
  }

  intercept({ tcc }: MethodDefinition, proceed: Invocation, args: readonly unknown[]): unknown {
    return tcc === undefined ? proceed() : this.#try(tcc, proceed, args);
  }

  /** An async function, so that a refusal reaches the caller where every other error does. */
  async #try(
    tcc: NonNullable<MethodDefinition['tcc']>,
    proceed: Invocation,
    args: readonly unknown[],
  ): Promise<unknown> {
    return this.#actions.of(tcc).runTry(args, proceed);
  }
}
