// @ts-check
/**
 * Writes lib/protocol/wire/descriptor.ts from lib/protocol/dtx-v1.proto: the package carries the
 * description of its messages as code, so that no file has to be found at run time.
 *
 *   node scripts/proto.mjs           write it
 *   node scripts/proto.mjs --print   print it
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import prettier from 'prettier';
import protobuf from 'protobufjs';

import { ROOT } from './build.mjs';

const SOURCE = join(ROOT, 'lib/protocol/dtx-v1.proto');
const TARGET = join(ROOT, 'lib/protocol/wire/descriptor.ts');

const { root } = protobuf.parse(readFileSync(SOURCE, 'utf8'), new protobuf.Root());
const text = [
  '/** The messages of ../dtx-v1.proto. Written by `npm run proto`; change that file instead. */',
  `export const DESCRIPTOR = ${JSON.stringify(root.toJSON(), null, 2)};`,
].join('\n');
const options = await prettier.resolveConfig(TARGET);
const code = await prettier.format(text, { ...options, filepath: TARGET });

if (process.argv.includes('--print')) process.stdout.write(code);
else writeFileSync(TARGET, code);
