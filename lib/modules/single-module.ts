import type { ModulesContainer } from '@nestjs/core';

import { DTX_RUNTIME, InvalidOptionError } from '../protocol/index.js';

/**
 * Two runtimes in one application would be two transaction managers, and which of them a service
 * gets would depend on the module it stands in.
 *
 * @throws InvalidOptionError (DTX_ERR_CONFIG_OPTION)
 */
export function assertSingleModule(modules: ModulesContainer): void {
  const count = [...modules.values()].filter(({ providers }) => providers.has(DTX_RUNTIME)).length;
  if (count === 1) return;
  throw new InvalidOptionError({
    option: 'The number of DtxModule imports in this application',
    value: count,
    fix:
      'Import DtxModule.forRoot (or, in a test, DtxTestingModule.forRoot) once, in the root ' +
      'module: it is global, so feature modules need not import it.',
  });
}
