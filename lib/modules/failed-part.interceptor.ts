import type { CallHandler, ExecutionContext, NestInterceptor } from '@nestjs/common';
import { Injectable } from '@nestjs/common';
import { catchError, from, mergeMap, throwError } from 'rxjs';
import type { Observable } from 'rxjs';

import { currentTransaction, markFailedPart } from '../transaction/index.js';

/**
 * Marks the transaction of a request that fails, before the exception filters answer: the caller
 * may swallow the answer and commit what was done here. Methods with annotations do so themselves;
 * this is for controllers that have none.
 */
@Injectable()
export class FailedPartInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const part = currentTransaction();
    if (part?.role !== 'participant') return next.handle();
    const what = `${context.getClass().name}.${context.getHandler().name}`;
    return next
      .handle()
      .pipe(
        catchError((thrown: unknown) =>
          from(markFailedPart(part, what, thrown)).pipe(mergeMap(() => throwError(() => thrown))),
        ),
      );
  }
}
