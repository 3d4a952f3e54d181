import { type ArgumentsHost, Catch, HttpException, HttpStatus } from '@nestjs/common';
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
    const cause = error instanceof QueryFailedError ? error.driverError : error;
    super.catch(cause instanceof DtxError ? answer(cause) : error, host);
  }
}

function answer({ code, message, retryable }: DtxError): HttpException {
  const status = retryable ? HttpStatus.SERVICE_UNAVAILABLE : HttpStatus.INTERNAL_SERVER_ERROR;
  return new HttpException({ code, message, retryable }, status);
}
