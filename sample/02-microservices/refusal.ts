import { status } from '@grpc/grpc-js';
import { HttpException, HttpStatus } from '@nestjs/common';
import { RpcException } from '@nestjs/microservices';

/**
 * How one service tells another that it will not do something. Over gRPC `code` is the status and
 * `message` its details; a message transport carries both as they are.
 */
interface Refusal {
  readonly code: status;
  readonly message: string;
}

/** Refused for a reason of the business, such as `OUT_OF_STOCK`. */
export const refuse = (message: string): RpcException =>
  refusal({ code: status.FAILED_PRECONDITION, message });

/** Refused for now: the same order may succeed as a new transaction. */
export const refuseForNow = (message: string): RpcException =>
  refusal({ code: status.ABORTED, message });

const refusal = (content: Refusal): RpcException => new RpcException(content);

/** What a caller of the order service is told when another service has failed or refused. */
export function toHttpError(service: string, error: unknown): HttpException {
  const { code, details, message } = error as Partial<Refusal> & { readonly details?: string };
  const reason = details ?? message;
  switch (code) {
    case status.FAILED_PRECONDITION:
      return new HttpException({ code: reason }, HttpStatus.CONFLICT);
    case status.ABORTED:
      return new HttpException({ code: reason, retryable: true }, HttpStatus.SERVICE_UNAVAILABLE);
    default:
      // Of an error that nobody has foreseen the other service tells nothing but that it happened.
      return new HttpException(
        { code: `${service}_FAILED`, message: reason },
        HttpStatus.BAD_GATEWAY,
        { cause: error },
      );
  }
}
