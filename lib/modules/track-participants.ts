import type { HttpMiddleware } from '../propagation/index.js';
import { currentTransaction } from '../transaction/index.js';
import type { InFlight } from './in-flight.js';

/** Has a shutdown wait for requests that take part in a transaction, until they are answered. */
export function trackParticipants(inbound: HttpMiddleware, inFlight: InFlight): HttpMiddleware {
  return (request, response, next) => {
    inbound(request, response, (error) => {
      if (currentTransaction() !== undefined) response.once('close', inFlight.enter());
      next(error);
    });
  };
}
