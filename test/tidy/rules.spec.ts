import { ambientCalls } from './rules/ambient-calls.rule.js';
import { errorCodes } from './rules/error-codes.rule.js';
import { fileSize } from './rules/file-size.rule.js';
import { consoleCalls, notes } from './rules/leftovers.rule.js';
import { lineWidth } from './rules/line-width.rule.js';
import { assertionFree, duplicateTitles, focusedTests } from './rules/test-shape.rule.js';
import { type Finding, type Rule } from './source.js';

// Each rule is shown a text that it must refuse beside one that looks alike and is right.
const CORE = 'lib/coordinator/core/decide.ts';
const SPEC = 'test/unit/a.spec.ts';

const see = (rule: Rule, path: string, text: string) => linesOf(rule({ path, text }));
const linesOf = (findings: readonly Finding[]) => findings.map(({ line }) => line);

describe('The rule about line width', () => {
  const wide = 'x '.repeat(51);

  it('finds the wide line', () => {
    expect(see(lineWidth, CORE, `short\n${wide}\n${wide.slice(2)}\n`)).toEqual([2]);
  });

  it('counts columns, not code units', () => {
    expect(see(lineWidth, CORE, '🐘'.repeat(100))).toEqual([]);
  });

  it('finds wide code in Markdown, and leaves its prose alone', () => {
    const block = (language: string) => `\`\`\`${language}\n${wide}\n\`\`\`\n`;

    expect(see(lineWidth, 'README.md', `${wide}\n${block('ts')}${wide}\n`)).toEqual([3]);
    expect(see(lineWidth, 'README.md', `${block('')}${block('sql')}`)).toEqual([5]);
  });

  it('leaves long addresses alone', () => {
    expect(see(lineWidth, CORE, `// https://example.org/${'a'.repeat(90)}`)).toEqual([]);
  });
});

describe('The rule about ambient calls', () => {
  it.each([
    ['the current time', 'const now = Date.now();'],
    ['the current date', 'const now = new Date();'],
    ['a random number', 'const random = Math.random();'],
    ['a timer', 'setTimeout(() => undefined, 10);'],
    ['a timer that is handed on', 'const timers = { setTimeout };'],
    ['a timer of globalThis', 'globalThis.setInterval(() => undefined, 10);'],
    ['a random id', "import { randomUUID } from 'node:crypto';"],
    ['a random id under another name', "import { randomUUID as id } from 'crypto';"],
    ['web crypto', 'crypto.randomUUID();'],
    ['the disk', "import { readFileSync } from 'node:fs';"],
    ['the network', "import net from 'net';"],
    ['the disk, loaded late', "const fs = await import('node:fs');"],
    ['the disk, required', "const fs = require('fs');"],
    ['the environment', 'const home = process.env.HOME;'],
    ['the high-resolution time', 'const now = process.hrtime.bigint();'],
    ['the performance clock', 'const now = performance.now();'],
  ])('finds %s', (_what, line) => {
    expect(see(ambientCalls, CORE, `const a = 1;\n${line}\n`)).toEqual(expect.arrayContaining([2]));
  });

  it.each([
    ['a comment', '// Date.now() would do the same'],
    ['a string', "const text = 'setTimeout(Date.now())';"],
    ['a date from a number', 'const date = new Date(1000);'],
    ['a method of the same name', 'clock.setTimeout(10); clock.now();'],
    ['a declared method', 'interface Clock { setTimeout(ms: number): void }'],
    ['a property', 'const port = { fetch: 1 };'],
    ['a type import', "import type { Socket } from 'node:net';"],
    ['a hash', "import { createHash } from 'node:crypto';"],
  ])('does not mind %s', (_what, line) => {
    expect(see(ambientCalls, CORE, line)).toEqual([]);
  });

  it('lets the adapters do their work', () => {
    const text = 'export const now = () => Date.now();';

    expect(see(ambientCalls, 'lib/system/clock.ts', text)).toEqual([]);
    expect(see(ambientCalls, 'lib/transaction/clock.ts', text)).toEqual([1]);
  });
});

describe('The rule about notes', () => {
  it.each(['TODO', 'FIXME', 'XXX'])('finds %s in comments', (note) => {
    expect(see(notes, CORE, `const a = 1; // ${note} later\n/*\n * ${note}: b\n */`)).toEqual([
      1, 3,
    ]);
  });

  it('does not mind strings and other words', () => {
    expect(see(notes, CORE, "const a = 'TODO'; // todos are not TODOs")).toEqual([]);
  });
});

describe('The rule about the console', () => {
  it('finds it in the library', () => {
    expect(see(consoleCalls, CORE, '\nconsole.warn(1);')).toEqual([2]);
  });

  it('does not mind it in programs, comments and strings', () => {
    expect(see(consoleCalls, 'lib/cli/main.ts', 'console.log(1);')).toEqual([]);
    expect(see(consoleCalls, CORE, "const a = 'console.log(1)'; // console.log(1)")).toEqual([]);
  });
});

describe('The rules about tests', () => {
  it.each(['it.only', 'test.only', 'describe.only', 'fit', 'fdescribe'])('find %s', (call) => {
    expect(see(focusedTests, SPEC, `\n${call}('a', () => {});`)).toEqual([2]);
  });

  it('do not mind other things that are called only', () => {
    expect(see(focusedTests, SPEC, "it('is the only one', () => readonly(x.only));")).toEqual([]);
  });

  it('find a repeated title', () => {
    const text = "it('a', () => {});\nit('b', () => {});\ntest('a', () => {});";

    expect(see(duplicateTitles, SPEC, text)).toEqual([3]);
  });

  it('find a repeated title of a table', () => {
    const text = "it.each([1])('a', () => {});\nit('a', () => {});";

    expect(see(duplicateTitles, SPEC, text)).toEqual([2]);
  });

  it('do not compare titles that a table fills in', () => {
    const text = "it.each([1])('%s', () => {});\nit.each([2])('%s', () => {});";

    expect(see(duplicateTitles, SPEC, text)).toEqual([]);
  });

  it('tell titles apart by their surroundings', () => {
    const text =
      "describe('x', () => { it('a', () => {}); });\ndescribe('y', () => { it('a', () => {}); });";

    expect(see(duplicateTitles, SPEC, text)).toEqual([]);
  });

  it('find a test file without expect', () => {
    expect(see(assertionFree, SPEC, "it('a', () => { run('expect(1)'); });")).toEqual([1]);
    expect(see(assertionFree, SPEC, "it('a', () => { expect(run()).toBe(1); });")).toEqual([]);
  });
});

describe('The rule about error codes', () => {
  const file = (text: string) => [{ path: 'lib/protocol/errors/a.error.ts', text }];
  const docs = (text: string) => ({ path: 'docs/errors.md', text });
  const code = (name: string) =>
    `class A {\n  static override readonly code = 'DTX_ERR_${name}';\n}`;

  it('finds a code that no heading names', () => {
    const findings = errorCodes(file(code('A')), docs('Some text about DTX_ERR_A.'));

    expect(findings).toEqual([expect.objectContaining({ line: 2 })]);
    expect(findings[0]?.message).toContain('DTX_ERR_A');
  });

  it('finds a code that no class has', () => {
    const findings = errorCodes(file(code('A')), docs('## DTX_ERR_A\n\n## `DTX_ERR_GONE`\n'));

    expect(findings).toEqual([expect.objectContaining({ path: 'docs/errors.md', line: 3 })]);
  });

  it('finds a code that two classes share', () => {
    const findings = errorCodes(file(`${code('A')}\n${code('A')}`), docs('## DTX_ERR_A'));

    expect(linesOf(findings)).toEqual([5]);
  });

  it('is content when both agree', () => {
    expect(errorCodes(file(code('A_B')), docs('### `DTX_ERR_A_B`\n\nAs DTX_ERR_A_B …'))).toEqual(
      [],
    );
  });
});

describe('The report of long files', () => {
  it('names files over 300 lines', () => {
    expect(see(fileSize, CORE, 'a\n'.repeat(301))).toEqual([301]);
    expect(see(fileSize, CORE, 'a\n'.repeat(300))).toEqual([]);
  });
});
