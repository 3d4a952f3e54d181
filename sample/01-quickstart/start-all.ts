import { relative } from 'node:path';

import type { Databases } from './databases.js';
import type { Options } from './options.js';
import type { ProgressLine } from './progress.js';
import { type RemoteServices, startRemoteServices } from './remote-services.js';
import type { RunFolder } from './run-folder.js';
import { type Services, startServices } from './services.js';

/** What places orders, wherever it runs. */
export interface Started {
  readonly services: Services;
  /** The same, when they are processes of their own. */
  readonly remote?: RemoteServices;
  /** A sentence or two for people. */
  readonly description: string;
}

export interface StartOptions {
  readonly folder: RunFolder;
  readonly options: Options;
  readonly progress: ProgressLine;
}

/** Starts the services in this process, or each in one of its own, as the options say. */
export async function startAll(
  databaseUrls: Databases['urls'],
  { folder, options, progress }: StartOptions,
): Promise<Started> {
  if (!options.remote) {
    const services = await startServices(databaseUrls, folder.coordinatorStore);
    const description =
      'The services order, stock and account started, each with a database of its own.';
    return { services, description };
  }
  const onKilled = (name: string, kills: number): void => {
    progress.note(`kill -9 ${name} (${kills})`);
  };
  const remote = await startRemoteServices({ databaseUrls, folder, onKilled });
  return { services: remote, remote, description: describe(remote, folder) };
}

function describe({ processes }: RemoteServices, { logs }: RunFolder): string {
  const pids = Object.values(processes).map(({ name, pid = 0 }) => `${name} ${pid}`);
  return (
    `The processes run, each service with a database of its own: ${pids.join(', ')}.\n` +
    `What they print is in ${relative('', logs)}.`
  );
}
