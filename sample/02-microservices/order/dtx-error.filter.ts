import { type ArgumentsHost, Catch, type ExceptionFilter, HttpStatus } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { DtxError } from 'nestjs-dtx';

/** Errors of the transaction machinery as HTTP answers that say whether another try may succeed. */
@Catch(DtxError)
export class DtxErrorFilter implements ExceptionFilter {
  constructor(private readonly adapters: HttpAdapterHost) {}

  catch({ code, message, retryable }: DtxError, host: ArgumentsHost): void {
    const status = retryable ? HttpStatus.SERVICE_UNAVAILABLE : HttpStatus.INTERNAL_SERVER_ERROR;
    const response: unknown = host.switchToHttp().getResponse();
    this.adapters.httpAdapter.reply(response, { code, message, retryable }, status);
  }
}
