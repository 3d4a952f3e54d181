// @ts-check
import { existsSync } from 'node:fs';

import { swcOptions } from './scripts/swc-options.mjs';

const typescript = swcOptions({ syntax: 'typescript', decorators: true });
const javascript = swcOptions({ syntax: 'ecmascript' });
/**
 * What takes minutes has its own commands: the suite of AT mode, `npm run test:at`; what is about
 * one engine, driver or mode, `npm run test:engines`; and whole programs, `npm run test:programs`.
 */
const OWN_COMMANDS = [
  'at/',
  'programs/',
  ...['coordinator-crash/', 'remote-nodes/', 'quickstart', 'microservices'].map(
    (name) => `e2e/${name}`,
  ),
  ...['at-', 'driver-mysql2/', 'orm/', 'typeorm/', 'tcc/', 'xa-', 'peers-defects/'].map(
    (name) => `integration/${name}`,
  ),
  ...['tools/', 'quickstart/'].map((name) => `integration/${name}`),
].map((place) => `<rootDir>/test/${place}`);
const isAtSuite = process.env['DTX_AT_ENGINES'] !== undefined;
const hasServers = existsSync(new URL('./test/servers/global-setup.ts', import.meta.url));

/** @type {import('jest').Config} */
export default {
  testEnvironment: 'node',
  testMatch: [`<rootDir>/test/${isAtSuite ? 'at/' : ''}**/*.spec.ts`],
  moduleNameMapper: {
    '^nestjs-dtx$': '<rootDir>/lib/index.ts',
    '^nestjs-dtx/typeorm$': '<rootDir>/lib/resource/typeorm/index.ts',
    '^nestjs-dtx/pg$': '<rootDir>/lib/resource/driver/pg/index.ts',
    '^nestjs-dtx/mysql2$': '<rootDir>/lib/resource/driver/mysql2/index.ts',
    '^nestjs-dtx/coordinator$': '<rootDir>/lib/modules/coordinator/index.ts',
    '^nestjs-dtx/testing$': '<rootDir>/lib/modules/testing/index.ts',
    '^(\\.{1,2}/.*)\\.js$': '$1',
  },
  transform: {
    '^.+\\.ts$': ['@swc/jest', typescript],
    '^.+\\.m?js$': ['@swc/jest', javascript],
  },
  testPathIgnorePatterns: isAtSuite ? [] : OWN_COMMANDS,
  transformIgnorePatterns: [],
  // Copies of package.json below these folders would collide with ours in Jest's module map.
  modulePathIgnorePatterns: ['dist', '\\.build', '\\.cache', '\\.dtx', 'test/consume/fixtures'].map(
    (folder) => `<rootDir>/${folder}/`,
  ),
  cacheDirectory: '<rootDir>/.cache/jest',
  maxWorkers: 2,
  // A bound for what hangs, not for what is slow: databases and compilers share the two cores.
  testTimeout: 30_000,
  ...(hasServers && {
    globalSetup: '<rootDir>/scripts/jest-global-setup.cjs',
    globalTeardown: '<rootDir>/scripts/jest-global-teardown.cjs',
  }),
};
