// @ts-check
/**
 * How TypeScript becomes CommonJS under Jest. Jest transforms node_modules too, because Nest 12 is
 * ESM only and Jest cannot `require` ESM before Node 24.
 */

/** @param {import('@swc/core').ParserConfig} parser */
export const swcOptions = (parser) => ({
  swcrc: false,
  jsc: {
    target: /** @type {const} */ ('es2022'),
    parser,
    keepClassNames: true,
    transform: { legacyDecorator: true, decoratorMetadata: true },
  },
  module: { type: /** @type {const} */ ('commonjs') },
});
