import { Catch, type RpcExceptionFilter } from '@nestjs/common';
import { DtxError } from 'nestjs-dtx';
import { type Observable, throwError } from 'rxjs';
import { QueryFailedError } from 'typeorm';

import { refuseForNow } from './refusal.js';

/** Lets callers know that it was another transaction's lock, and worth another try. */
@Catch(DtxError, QueryFailedError)
export class LockConflictFilter implements RpcExceptionFilter {
  catch(error: DtxError | QueryFailedError): Observable<never> {
    // TypeORM wraps what the driver throws, and that is where a lock conflict shows.
    const cause = error instanceof QueryFailedError ? error.driverError : error;
    const isConflict = cause instanceof DtxError && cause.retryable;
    return throwError(() => (isConflict ? refuseForNow(cause.code).getError() : error));
  }
}
