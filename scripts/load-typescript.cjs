// @ts-check
/**
 * Lets `require` load our TypeScript in Jest's own process.
 *
 * Jest transforms a TypeScript `globalSetup`, but applies no `moduleNameMapper` there: the `./x.js`
 * that our ESM sources write for `./x.ts` would not be found.
 */
const { existsSync } = require('node:fs');
const Module = require('node:module');
const path = require('node:path');
const { transformFileSync } = require('@swc/core');

/** @type {any} `_resolveFilename` and `_extensions` are not in the type declarations of Node. */
const loader = Module;
const resolveFilename = loader._resolveFilename;

/**
 * @param {string} request
 * @param {{ filename?: string } | undefined} parent
 * @param {unknown[]} rest
 */
loader._resolveFilename = (request, parent, ...rest) => {
  const source = path.resolve(path.dirname(parent?.filename ?? '.'), request);
  const typescript = source.replace(/\.js$/, '.ts');
  const isOurs = request.startsWith('.') && !existsSync(source) && existsSync(typescript);
  return isOurs ? typescript : resolveFilename(request, parent, ...rest);
};

loader._extensions['.ts'] = (/** @type {any} */ module, /** @type {string} */ filename) => {
  const { code } = transformFileSync(filename, {
    swcrc: false,
    jsc: { target: 'es2022', parser: { syntax: 'typescript', decorators: true } },
    module: { type: 'commonjs' },
  });
  module._compile(code, filename);
};
