import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { transformFileSync } from '@swc/core';

const ROOT = join(__dirname, '../../..');
const SOURCES = [
  'lib/protocol',
  'lib/system',
  'lib/coordinator',
  'lib/transport',
  'test/support',
  'test/e2e/coordinator-crash',
];

/**
 * Compiles the crash program and what it stands on into the folder, and returns its path. It is
 * started hundreds of times, and compiling at each start would take most of the time.
 */
export function compiledProgram(folder: string): string {
  for (const source of SOURCES) {
    for (const file of readdirSync(join(ROOT, source), { recursive: true, encoding: 'utf8' })) {
      if (file.endsWith('.ts') && !file.endsWith('.spec.ts')) compile(folder, join(source, file));
    }
  }
  return join(folder, 'test/e2e/coordinator-crash/crash-program.js');
}

function compile(folder: string, file: string): void {
  const { code } = transformFileSync(join(ROOT, file), {
    swcrc: false,
    jsc: { target: 'es2022', parser: { syntax: 'typescript' } },
    module: { type: 'commonjs' },
  });
  const output = join(folder, file.replace(/\.ts$/, '.js'));
  mkdirSync(dirname(output), { recursive: true });
  writeFileSync(output, code);
}
