import type { CoordinatorClient } from '../protocol/index.js';
import { connectEmbedded, connectRemote } from '../transport/index.js';
import type { DtxSettings } from './dtx-options.js';
import { nestLog } from './nest-log.js';

/** Connects to the coordinator that the options name, here or elsewhere. */
export function connectCoordinator(
  settings: DtxSettings,
  signal: AbortSignal,
): Promise<CoordinatorClient> {
  const { applicationId, coordinator, namespace } = settings;
  const log = nestLog('DtxCoordinator');
  if ('urls' in coordinator)
    return connectRemote({ ...coordinator, applicationId, namespace, log, signal });
  return connectEmbedded({ ...coordinator, applicationId, namespace, log });
}
