import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { bundledCoordinator, bundledCoordinatorUrl } from '../support/bundled-coordinator.js';
import { LOOPBACK } from '../support/free-ports.js';
import { type MemberSettings, ProcessGroup } from '../support/process-group.js';
import type { Databases } from './databases.js';
import type { MessageTransport } from './message-transport.js';
import { type ServiceSettings, SETTINGS_VARIABLE } from './service-settings.js';

export interface StartOptions {
  readonly folder: string;
  readonly urls: Databases['urls'];
  readonly messages: MessageTransport;
  readonly ports: Readonly<Record<'coordinator' | 'order' | 'inventory', number>>;
}

/** Starts the bundled coordinator, then those who are called, then the one who calls. */
export async function startProcesses(options: StartOptions): Promise<ProcessGroup> {
  const group = new ProcessGroup(join(options.folder, 'logs'));
  try {
    const store = join(options.folder, 'coordinator.db');
    await group.start([bundledCoordinator({ port: options.ports.coordinator, store })]);
    await group.start([service('inventory', options), service('payment', options)]);
    await group.start([service('order', options)]);
  } catch (error) {
    await group.close().catch(() => undefined);
    throw error;
  }
  return group;
}

const DATABASES = { order: 'orders', inventory: 'inventory', payment: 'payments' } as const;

function service(name: keyof typeof DATABASES, options: StartOptions): MemberSettings {
  const { messages, ports, urls } = options;
  const settings: ServiceSettings = {
    databaseUrl: urls[DATABASES[name]],
    coordinatorUrl: bundledCoordinatorUrl(ports.coordinator),
    orderPort: ports.order,
    inventoryAddress: `${LOOPBACK}:${ports.inventory}`,
    messages,
  };
  return {
    name,
    command: [fileURLToPath(new URL(`./${name}/main.js`, import.meta.url))],
    // Not an argument, which everybody on this machine could read: there are passwords in it.
    env: { [SETTINGS_VARIABLE]: JSON.stringify(settings) },
  };
}
