// @ts-check
require('./load-typescript.cjs');

const file = require.resolve('../test/servers/global-setup.ts');
module.exports = require(file).default;
