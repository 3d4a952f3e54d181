#!/usr/bin/env node
import { realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { run } from './run.js';

/**
 * Found from the path of this very file, `dist/<format>/cli/main.js`. It is always the file that
 * Node was started with, often through a link in `node_modules/.bin`; `import.meta` does not exist
 * in the CommonJS build.
 */
const packageRoot = join(dirname(realpathSync(process.argv[1] ?? '')), '../../..');

/** The second signal is not waited for: then the runtime ends the process as it would have. */
function untilStopped(): Promise<string> {
  const signals = ['SIGTERM', 'SIGINT'] as const;
  return new Promise((resolve) => {
    const stop = (signal: NodeJS.Signals): void => {
      for (const name of signals) process.off(name, stop);
      resolve(signal);
    };
    for (const name of signals) process.on(name, stop);
  });
}

void run(process.argv.slice(2), {
  packageRoot,
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
  env: process.env,
  now: Date.now,
  untilStopped,
}).then((exitCode) => {
  // Not process.exit(): what was written to a pipe may still be on its way.
  process.exitCode = exitCode;
});
