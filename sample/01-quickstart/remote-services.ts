import { fileURLToPath } from 'node:url';

import { bundledCoordinator, bundledCoordinatorUrl } from '../support/bundled-coordinator.js';
import { findFreePorts, LOOPBACK } from '../support/free-ports.js';
import { type MemberSettings, ProcessGroup } from '../support/process-group.js';
import type { SupervisedProcess } from '../support/supervised-process.js';
import type { Databases } from './databases.js';
import type { RunFolder } from './run-folder.js';
import type { ServiceSettings } from './service-program.js';
import type { Services } from './services.js';

/** The processes of a remote run. */
export const PROCESSES = ['coordinator', 'stock', 'account', 'order'] as const;

export type ProcessName = (typeof PROCESSES)[number];

/** The coordinator and the three services, each in a process of its own. */
export interface RemoteServices extends Services {
  readonly processes: Readonly<Record<ProcessName, SupervisedProcess>>;
}

export interface RemoteOptions {
  readonly databaseUrls: Databases['urls'];
  readonly folder: RunFolder;
  /** A process was killed, and is about to be started again. */
  readonly onKilled: (name: string, kills: number) => void;
}

const SERVICE_PROGRAM = fileURLToPath(new URL('./service-program.js', import.meta.url));

/**
 * Starts the bundled coordinator, and then the services. Their ports stay the same for the whole
 * run, so that a process that was killed is found again where it was.
 */
export async function startRemoteServices(options: RemoteOptions): Promise<RemoteServices> {
  const ports = await portsOfProcesses();
  const group = new ProcessGroup(options.folder.logs);
  try {
    const { folder, onKilled } = options;
    const store = folder.coordinatorStore;
    await group.start([{ ...bundledCoordinator({ port: ports.coordinator, store }), onKilled }]);
    await group.start(services(options, ports));
  } catch (error) {
    await group.close().catch(() => undefined);
    throw error;
  }
  return {
    url: httpUrl(ports.order),
    failed: group.failed,
    processes: perProcess((name) => group.get(name)),
    close: () => group.close(),
  };
}

type Ports = Readonly<Record<ProcessName, number>>;

async function portsOfProcesses(): Promise<Ports> {
  const ports = await findFreePorts(PROCESSES.length);
  return perProcess((name) => ports[PROCESSES.indexOf(name)] ?? 0);
}

function services(
  { databaseUrls, onKilled }: RemoteOptions,
  ports: Ports,
): readonly MemberSettings[] {
  const urls = { stock: httpUrl(ports.stock), account: httpUrl(ports.account) };
  const coordinator = { url: bundledCoordinatorUrl(ports.coordinator) };
  const databases = {
    stock: databaseUrls.stock,
    account: databaseUrls.accounts,
    order: databaseUrls.orders,
  } as const;
  return (['stock', 'account', 'order'] as const).map((service) => {
    const port = ports[service];
    const databaseUrl = databases[service];
    const settings: ServiceSettings = { service, port, databaseUrl, coordinator, urls };
    return {
      name: service,
      command: [SERVICE_PROGRAM],
      // Not an argument, which everybody on this machine could read: there is a password in it.
      env: { QUICKSTART_SERVICE: JSON.stringify(settings) },
      onKilled,
    };
  });
}

export const perProcess = <T>(of: (name: ProcessName) => T): Readonly<Record<ProcessName, T>> =>
  Object.fromEntries(PROCESSES.map((name) => [name, of(name)])) as Record<ProcessName, T>;

const httpUrl = (port: number): string => `http://${LOOPBACK}:${port}`;
