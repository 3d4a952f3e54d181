import {
  type ArgumentsHost,
  Catch,
  ConflictException,
  HttpException,
  HttpStatus,
} from '@nestjs/common';
import { BaseExceptionFilter } from '@nestjs/core';
import { DtxError } from 'nestjs-dtx';
import { QueryFailedError } from 'typeorm';

/**
 * Errors of the transaction machinery as HTTP answers. A caller learns whether the same order may
 * succeed when it is placed again, above all after a row that another transaction had locked.
 */
@Catch(DtxError, QueryFailedError)
export class DtxErrorFilter extends BaseExceptionFilter {
  override catch(error: DtxError | QueryFailedError, host: ArgumentsHost): void {
    // TypeORM wraps what the driver throws, and that is where a lock conflict shows.
    const cause: unknown = error instanceof QueryFailedError ? error.driverError : error;
    if (cause instanceof DtxError) super.catch(answer(cause), host);
    else super.catch(isDuplicate(cause) ? STILL_THERE : error, host);
  }
}

/** A row of this order is there: an earlier try was refused, and is still being rolled back. */
const STILL_THERE = new ConflictException({ code: 'ORDER_EXISTS', retryable: true });

const UNIQUE_VIOLATION = '23505';

const isDuplicate = (error: unknown): boolean =>
  (error as { code?: unknown }).code === UNIQUE_VIOLATION;

function answer({ code, message, retryable }: DtxError): HttpException {
  const status = retryable ? HttpStatus.SERVICE_UNAVAILABLE : HttpStatus.INTERNAL_SERVER_ERROR;
  return new HttpException({ code, message, retryable }, status);
}
