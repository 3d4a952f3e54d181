import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';

import { transformSync } from '@swc/core';

// A bound for a machine that is busy with other things; alone, a test takes under two seconds.
jest.setTimeout(30_000);

const ROOT = resolve(__dirname, '../../..');
const FOLDERS = ['protocol', 'system', 'transaction', 'propagation'];

/**
 * Jest replaces the module system and the globals, which are what we change in a process. So these
 * run in a process of their own, on the library as ECMAScript modules.
 */
let folder: string;

beforeAll(() => {
  // Below the checkout, so that the packages we import are found.
  mkdirSync(join(ROOT, '.cache'), { recursive: true });
  folder = mkdtempSync(join(ROOT, '.cache', 'propagation-'));
  for (const name of FOLDERS) compile(join(ROOT, 'lib', name), join(folder, name));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

function compile(from: string, to: string): void {
  const files = readdirSync(from, { recursive: true, encoding: 'utf8' });
  for (const file of files.filter((name) => name.endsWith('.ts'))) {
    const { code } = transformSync(readFileSync(join(from, file), 'utf8'), {
      swcrc: false,
      jsc: { target: 'es2022', parser: { syntax: 'typescript' } },
      module: { type: 'es6' },
    });
    const target = join(to, file.replace(/\.ts$/, '.js'));
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, code);
  }
}

const PRELUDE = `
import http from 'node:http';
import { once } from 'node:events';
import { installOutgoingHttp } from './propagation/index.js';
import { TransactionManager } from './transaction/index.js';

const log = { info() {}, warn(text) { throw new Error(text); }, error() {}, debug() {} };
const manager = new TransactionManager({ applicationId: 'a', log });
const seen = [];
const server = http.createServer((request, response) => {
  seen.push([request.url.slice(1), request.headers.tx_xid ?? null]);
  setTimeout(() => response.end(), 2);
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const url = 'http://127.0.0.1:' + server.address().port;
const each = (count, call) => Promise.all(Array.from({ length: count }, (_, index) =>
  manager.join('x' + index).run(() => call(url + '/x' + index))));
const finish = () => {
  const wrong = seen.filter(([path, xid]) => path !== xid);
  console.log(JSON.stringify({ count: seen.length, wrong }));
  process.exit(0);
};
`;

async function run(program: string): Promise<unknown> {
  const file = join(folder, `program-${String(Math.random()).slice(2)}.mjs`);
  writeFileSync(file, `${PRELUDE}${program}\nfinish();\n`);
  const { stdout } = await promisify(execFile)(process.execPath, [file], { timeout: 30_000 });
  return JSON.parse(stdout);
}

it('functions that were imported by name before us carry the xid', async () => {
  const result = await run(`
    import { get, request } from 'node:http';
    installOutgoingHttp(manager, {});
    const end = (started) => once(started.end(), 'response').then(([answer]) => answer.resume());
    await each(5, (to) => end(request(to)));
    await each(5, (to) => end(get(to)));
  `);
  expect(result).toEqual({ count: 10, wrong: [] });
});

it('global fetch carries the xid of each of many transactions', async () => {
  const result = await run(`
    installOutgoingHttp(manager, {});
    await each(50, (to) => fetch(to));
  `);
  expect(result).toEqual({ count: 50, wrong: [] });
});

it('global fetch does over a dispatcher that was limited before us', async () => {
  const result = await run(`
    const { Agent, setGlobalDispatcher } = await import('undici');
    setGlobalDispatcher(new Agent({ connections: 2 }));
    installOutgoingHttp(manager, {});
    await each(50, (to) => fetch(to).then((answer) => answer.text()));
  `);
  expect(result).toEqual({ count: 50, wrong: [] });
});

it('global fetch does over a dispatcher that was limited after us', async () => {
  const result = await run(`
    installOutgoingHttp(manager, {});
    const { Agent, setGlobalDispatcher } = await import('undici');
    setGlobalDispatcher(new Agent({ connections: 2 }));
    await each(50, (to) => fetch(to).then((answer) => answer.text()));
  `);
  expect(result).toEqual({ count: 50, wrong: [] });
});

it('a pool of a copy of undici that is not the global one does, too', async () => {
  const result = await run(`
    await fetch(url + '/null');
    seen.length = 0;
    installOutgoingHttp(manager, {});
    const undici = await import('undici');
    const dispatcher = new undici.Agent({ connections: 2 });
    const global = globalThis[Symbol.for('undici.globalDispatcher.1')];
    if (global instanceof undici.Agent) throw new Error('the package became the global one');
    await each(50, (to) => undici.fetch(to, { dispatcher }).then((answer) => answer.text()));
  `);
  expect(result).toEqual({ count: 50, wrong: [] });
});

it('the undici inside node does over a limited dispatcher of its own', async () => {
  const result = await run(`
    await fetch(url + '/null');
    seen.length = 0;
    const slots = [1, 2].map((version) => Symbol.for('undici.globalDispatcher.' + version));
    const { constructor: Agent } = globalThis[slots[0]] ?? globalThis[slots[1]];
    const limited = new Agent({ connections: 2 });
    for (const slot of slots) if (globalThis[slot]) globalThis[slot] = limited;
    installOutgoingHttp(manager, {});
    await each(50, (to) => fetch(to).then((answer) => answer.text()));
  `);
  expect(result).toEqual({ count: 50, wrong: [] });
});
