import { Logger } from '@nestjs/common';

import type { DtxLog } from '../protocol/index.js';
import { messageOf } from '../protocol/index.js';

/** Nest's Logger, as the parts that know no Nest want it. */
export function nestLog(context: string): DtxLog {
  const logger = new Logger(context);
  return {
    info: (message) => {
      logger.log(message);
    },
    warn: (message) => {
      logger.warn(message);
    },
    error: (message, cause) => {
      logger.error(message, stackOf(cause));
    },
    debug: (message) => {
      logger.debug(message);
    },
  };
}

/** The stack begins with the message; a value that has none is told as it is. */
function stackOf(cause: unknown): string | undefined {
  if (cause === undefined) return undefined;
  const { stack } = Object(cause) as { stack?: unknown };
  return typeof stack === 'string' ? stack : messageOf(cause);
}
