import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

import { LOOPBACK } from './free-ports.js';
import type { MemberSettings } from './process-group.js';

export interface BundledCoordinatorOptions {
  readonly port: number;
  /** Its SQLite file. */
  readonly store: string;
}

/** @returns how to run the coordinator that the package brings along, on this machine */
export function bundledCoordinator({ port, store }: BundledCoordinatorOptions): MemberSettings {
  const folder = dirname(createRequire(import.meta.url).resolve('nestjs-dtx/package.json'));
  // What `npx nestjs-dtx` runs. Not npx itself: a kill would reach npx, and miss the program.
  const program = join(folder, 'dist/esm/cli/main.js');
  return {
    name: 'coordinator',
    command: [program, 'coordinator', '--listen', `${LOOPBACK}:${port}`, '--store', store],
  };
}

/** @returns what clients on this machine write as `coordinator.url` */
export const bundledCoordinatorUrl = (port: number): string => `dtx://${LOOPBACK}:${port}`;
