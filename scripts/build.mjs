// @ts-check
/**
 * Brings `dist/` (and `.build/`, where the samples, benchmarks and tools go) up to date.
 *
 *   node scripts/build.mjs             dist/esm and dist/cjs
 *   node scripts/build.mjs --programs  dist/esm and .build
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { withBuildLock } from './build-lock.mjs';

export const ROOT = fileURLToPath(new URL('..', import.meta.url));

const TSC = createRequire(import.meta.url).resolve('typescript/bin/tsc');
const OUTPUTS = [
  { source: 'lib', output: 'dist/esm' },
  { source: 'lib', output: 'dist/cjs' },
  ...['sample', 'bench', 'tools', 'test/simulation', 'test/cluster'].map((name) => ({
    source: name,
    output: `.build/${name}`,
  })),
];

/**
 * @param {'package' | 'programs'} what
 * @returns {{ ok: boolean, output: string }}
 */
function build(what) {
  return withBuildLock(join(ROOT, '.cache/build.lock'), () => {
    removeStaleOutputs();
    const projects = { package: ['esm', 'cjs'], programs: ['esm', 'programs'] }[what];
    const configs = projects.map((name) => join(ROOT, `tsconfig.${name}.json`));
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [TSC, '--build', ...configs, '--pretty', String(process.stderr.isTTY === true)],
      { cwd: ROOT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] },
    );
    markAsCommonJs();
    return { ok: status === 0, output: withoutRepeats(stdout + stderr) };
  });
}

/**
 * For programs that cannot go on without.
 *
 * @param {'package' | 'programs'} what
 */
export function buildOrExit(what) {
  const { ok, output } = build(what);
  process.stderr.write(output);
  if (!ok) process.exit(1);
}

/**
 * Both formats are compiled from the same files and have the same complaints.
 *
 * @param {string} output
 */
const withoutRepeats = (output) => [...new Set(output.split('\n'))].join('\n');

/**
 * The CommonJS files lie below a package.json that says `"type": "module"`; this one, nearer to
 * them, wins.
 */
function markAsCommonJs() {
  const file = join(ROOT, 'dist/cjs/package.json');
  if (existsSync(file)) return;
  mkdirSync(join(ROOT, 'dist/cjs'), { recursive: true });
  writeFileSync(file, '{\n  "type": "commonjs"\n}\n');
}

/**
 * tsc never deletes: the output of a removed or renamed source would be packed and could still be
 * imported.
 */
function removeStaleOutputs() {
  for (const { source, output } of OUTPUTS) {
    if (!existsSync(join(ROOT, output))) continue;
    for (const file of readdirSync(join(ROOT, output), { recursive: true, encoding: 'utf8' })) {
      const typescript = file.replace(/(\.d\.ts|\.js)$/, '.ts');
      if (typescript === file || existsSync(join(ROOT, source, typescript))) continue;
      rmSync(join(ROOT, output, file));
    }
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  buildOrExit(process.argv.includes('--programs') ? 'programs' : 'package');
}
