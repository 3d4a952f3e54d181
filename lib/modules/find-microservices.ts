import type { DtxLog } from '../protocol/index.js';
import { messageOf } from '../protocol/index.js';

/**
 * What `@nestjs/microservices` exports, if the application has it. It is asked for by the name that
 * Nest uses: the classes have to be those of the application.
 */
export async function findMicroservices(
  log: DtxLog,
): Promise<Readonly<Record<string, unknown>> | undefined> {
  try {
    const found: Exports = await import('@nestjs/microservices');
    // Imported by ES modules, the CommonJS of Nest 11 may be there as a whole only.
    return 'ClientProxy' in found ? found : (found['default'] as Exports | undefined);
  } catch (error) {
    if (!MISSING.test(messageOf(error))) {
      log.warn(`@nestjs/microservices could not be loaded: ${messageOf(error)}`);
    }
    return undefined;
  }
}

type Exports = Readonly<Record<string, unknown>>;

const MISSING = /^Cannot find (?:package|module) '@nestjs\/microservices'/;
