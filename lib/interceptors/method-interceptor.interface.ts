import type {
  BranchModeName,
  LockDefinition,
  TccDefinition,
  TransactionDefinition,
} from '../transaction/index.js';

/** What the decorators on one method have said, read at decoration. */
export interface MethodDefinition {
  /** `Class.method`, for messages. */
  readonly method: string;
  /** Whether its work happens when what it returns is subscribed. */
  readonly isObservable: boolean;
  /** Of `@GlobalTransactional`. */
  readonly transaction?: TransactionDefinition;
  /** Of `@GlobalLock`. */
  readonly lock?: LockDefinition;
  /** Of `@BranchMode`. */
  readonly mode?: BranchModeName;
  /** Of `@TccAction`. */
  readonly tcc?: TccDefinition;
}

/** The rest of the chain, and the method behind it. */
export type Invocation = () => unknown;

/** A step around annotated methods; one per decorator. */
export interface MethodInterceptor {
  /** @param args of the call */
  intercept(definition: MethodDefinition, proceed: Invocation, args: readonly unknown[]): unknown;
}
