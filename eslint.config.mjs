// @ts-check
import eslint from '@eslint/js';
import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

import {
  AMBIENT_CRYPTO,
  AMBIENT_FOLDERS,
  AMBIENT_GLOBALS,
  AMBIENT_MEMBERS,
  AMBIENT_MODULES,
} from './scripts/ambient-calls.mjs';

const PORTS =
  'Take the port (Clock, Ids, …) instead: ambient calls live in lib/system and adapters.';

const ambientImports = [
  ...AMBIENT_MODULES.flatMap((name) => [name, `node:${name}`]).map((name) => ({
    name,
    message: PORTS,
    allowTypeImports: true,
  })),
  ...['crypto', 'node:crypto'].map((name) => ({
    name,
    importNames: AMBIENT_CRYPTO,
    message: PORTS,
    allowTypeImports: true,
  })),
];

/** @type {import('eslint').Linter.RulesRecord} */
const noAmbientCalls = {
  'no-restricted-globals': ['error', ...AMBIENT_GLOBALS.map((name) => ({ name, message: PORTS }))],
  'no-restricted-properties': [
    'error',
    ...AMBIENT_MEMBERS.map(([object, property]) => ({ object, property, message: PORTS })),
  ],
  'no-restricted-syntax': [
    'error',
    { selector: 'NewExpression[callee.name="Date"][arguments.length=0]', message: PORTS },
    { selector: 'CallExpression[callee.name="Date"]', message: PORTS },
  ],
  '@typescript-eslint/no-restricted-imports': ['error', { paths: ambientImports }],
};

export default defineConfig(
  globalIgnores([
    'dist/',
    '.build/',
    '.cache/',
    '.dtx/',
    'coverage/',
    'test/consume/fixtures/',
    'test/types/*.types.ts',
  ]),
  eslint.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: {
      parserOptions: { project: './tsconfig.json', tsconfigRootDir: import.meta.dirname },
    },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      eqeqeq: 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      // Nest modules are empty classes that carry a decorator.
      '@typescript-eslint/no-extraneous-class': ['error', { allowWithDecorator: true }],
      // Nest declares the options of its factories as classes, and everybody passes literals.
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', ignoreRestSiblings: true },
      ],
    },
  },
  {
    files: ['lib/**/*.ts'],
    ignores: AMBIENT_FOLDERS.map((folder) => `${folder}**`),
    rules: noAmbientCalls,
  },
  {
    files: ['lib/**/*.ts'],
    ignores: ['lib/cli/**'],
    rules: { 'no-console': 'error' },
  },
  {
    files: ['test/**/*.ts'],
    rules: {
      // A test often hands out a body that has nothing to await, and looks into what `unknown` JSON
      // holds.
      '@typescript-eslint/require-await': 'off',
      // The matchers of Jest, as in `{ at: expect.any(Number) }`, are declared as `any`.
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/unbound-method': 'off',
    },
  },
  {
    files: ['**/*.mjs', '**/*.cjs'],
    languageOptions: {
      globals: {
        AbortController: 'readonly',
        URL: 'readonly',
        console: 'readonly',
        performance: 'readonly',
        process: 'readonly',
        clearInterval: 'readonly',
        setInterval: 'readonly',
        setTimeout: 'readonly',
        clearTimeout: 'readonly',
      },
    },
  },
  {
    files: ['**/*.cjs'],
    languageOptions: {
      sourceType: 'commonjs',
      globals: { module: 'writable', require: 'readonly' },
    },
  },
);
