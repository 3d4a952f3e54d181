import type { DynamicModule } from '@nestjs/common';

import { createServiceApp } from '../../01-quickstart/service-app.js';
import { LOOPBACK } from '../free-ports.js';
import { type LoadServiceSettings, readLoadSettings } from './run-load.js';

interface ServiceModule {
  forRoot(settings: LoadServiceSettings): DynamicModule;
}

/** Starts the one of the services that this process is told to be by its environment. */
export async function serve(modules: Readonly<Record<string, ServiceModule>>): Promise<void> {
  const settings = readLoadSettings();
  const module = modules[settings.service];
  if (module === undefined) throw new Error(`There is no service ${settings.service}.`);
  const app = await createServiceApp(module.forRoot(settings));
  app.enableShutdownHooks();
  await app.listen(settings.port, LOOPBACK);
  process.stdout.write('ready\n');
}
