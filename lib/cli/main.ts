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

void run(process.argv.slice(2), {
  packageRoot,
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
  env: process.env,
  now: Date.now,
}).then((exitCode) => {
  // Not process.exit(): what was written to a pipe may still be on its way.
  process.exitCode = exitCode;
});
