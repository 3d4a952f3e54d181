import { Observable } from 'rxjs';

import { runInMode } from '../transaction/index.js';
import { assertNoStream, assertStream } from './assert-result.js';
import type {
  Invocation,
  MethodDefinition,
  MethodInterceptor,
} from './method-interceptor.interface.js';

/** Runs methods that carry `@BranchMode` so that branches of theirs have the mode. */
export class BranchModeInterceptor implements MethodInterceptor {
  intercept({ isObservable, method, mode }: MethodDefinition, proceed: Invocation): unknown {
    if (mode === undefined) return proceed();
    if (!isObservable) {
      return runInMode(mode, async () => await assertNoStream(method, proceed()));
    }
    return new Observable((subscriber) =>
      runInMode(mode, () => assertStream(method, proceed()).subscribe(subscriber)),
    );
  }
}
