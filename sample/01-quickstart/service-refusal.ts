import { HttpException, ServiceUnavailableException } from '@nestjs/common';

/**
 * What another service has refused, handed on as it came: status, code, and whether it is worth
 * trying again.
 */
export class ServiceRefusal extends HttpException {
  constructor(status: number, body: unknown) {
    super(typeof body === 'object' && body !== null ? body : { message: String(body) }, status);
  }
}

/** Another service is not there, or went away before it had answered. */
export class ServiceUnavailable extends ServiceUnavailableException {
  constructor(code: string, cause: unknown) {
    super({ code, retryable: true }, { cause });
  }
}
