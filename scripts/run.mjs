// @ts-check
/**
 * Compiles what is needed and runs a TypeScript program of this repository:
 *
 *   node scripts/run.mjs sample/01-quickstart/main.ts --json
 *
 * The program runs in this very process, so that its signals, terminal and exit status are its own:
 * whoever kills this process kills the program, and not only somebody who waits for it.
 */
import { existsSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

import { buildOrExit, ROOT } from './build.mjs';

const [file, ...args] = process.argv.slice(2);
const program = file === undefined ? undefined : relative(ROOT, resolve(ROOT, file));

if (
  program === undefined ||
  !/^(sample|bench|tools|test\/(simulation|cluster|bank|fuzz|crash))\/.*\.ts$/.test(program)
) {
  const folders =
    '{sample|bench|tools|test/simulation|test/cluster|test/bank|test/fuzz|test/crash}';
  process.stderr.write(`Usage: node scripts/run.mjs ${folders}/FILE.ts [arguments]\n`);
  process.exit(2);
}
if (!existsSync(join(ROOT, program))) {
  process.stderr.write(`There is no ${program}.\n`);
  process.exit(2);
}
buildOrExit('programs');
const compiled = join(ROOT, '.build', program.replace(/\.ts$/, '.js'));
process.argv = [process.execPath, compiled, ...args];
await import(pathToFileURL(compiled).href);
