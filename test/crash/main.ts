/** Processes, servers and networks that fail at the numbered points of a protocol. */
import { existsSync, readFileSync, rmSync } from 'node:fs';

import type { CrashCase } from './cases.js';
import { casesOf, tableOf, titleOf } from './cases.js';
import { crashOptions } from './options.js';
import { runCase } from './run-case.js';
import { plant } from './planted.js';
import { sampled } from './sample.js';
import { openWorld } from './world/world.js';

const options = crashOptions();
const { json, mode } = options;
const lib = options.planted === undefined ? options.lib : plant(options.planted);
const all = casesOf(mode);
if (options.isList) {
  for (const one of all) process.stdout.write(`${String(one.number)}  ${titleOf(one)}\n`);
  process.exit(0);
}
const chosen = choose();
const startMs = performance.now();
const world = await openWorld(mode, lib);
const closeAndExit = (): void => {
  void world.close().finally(() => process.exit(1));
};
process.once('SIGINT', closeAndExit).once('SIGTERM', closeAndExit);
try {
  if (options.isRecord) await record();
  else process.exitCode = (await run()) ? 0 : 1;
} catch (error) {
  say(String((error as Error).stack));
  process.exitCode = 1;
} finally {
  await world.close();
}
process.exit();

function choose(): readonly CrashCase[] {
  const { caseNumbers, count, sample } = options;
  if (caseNumbers !== undefined) return all.filter(({ number }) => caseNumbers.has(number));
  return sample === undefined ? all : sampled(all, sample, count);
}

async function run(): Promise<boolean> {
  let kills = 0;
  let violations = 0;
  for (const [index, one] of chosen.entries()) {
    progress(`${String(index + 1)}/${String(chosen.length)} ${titleOf(one)}`);
    const began = performance.now();
    const result = await runCase(world, one);
    kills += result.kills;
    violations += result.violations.length;
    if (result.violations.length > 0) {
      const tookMs = Math.round(performance.now() - began);
      say(`case ${String(one.number)}, ${titleOf(one)}, ${String(tookMs)} ms`);
      for (const violation of result.violations) say(`  ${violation}`);
      say(`  npm run crash -- --mode ${mode} --case ${String(one.number)}`);
    }
  }
  const { points, total, uncovered } = tableOf(mode);
  const numbers = new Set(points.flatMap((point) => point.numbers));
  const seconds = Math.round((performance.now() - startMs) / 100) / 10;
  say(`
${String(chosen.length)} cases of mode ${mode} in ${String(seconds)} s, ${String(kills)} kills
${String(numbers.size)} of ${String(total)} numbered points`);
  for (const one of uncovered) say(`  not covered: ${one.numbers.join(', ')}: ${one.reason}`);
  say(`${String(violations)} violations`);
  const result = { mode, cases: chosen.length, points: numbers.size, kills, violations, seconds };
  if (json) process.stdout.write(`${JSON.stringify(result)}\n`);
  return violations === 0 && chosen.length > 0;
}

/** What each process passes when nothing befalls it. */
async function record(): Promise<void> {
  const file = `/tmp/dtx-crash-record-${String(process.pid)}`;
  for (const fails of [false, true]) {
    for (const actor of Object.values(world.actors))
      await actor.plan(`record:${file}-${actor.role}`);
    world.actors.C.send({
      kind: 'transfer',
      transfer: { id: fails ? 2 : 1, timeoutMs: 4_000, fails },
    });
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    say(JSON.stringify(world.actors.C.reports.at(-1)));
    for (const actor of Object.values(world.actors)) {
      const name = `${file}-${actor.role}`;
      if (!existsSync(name)) continue;
      const names = readFileSync(name, 'utf8').trim().replaceAll('\n', ' ');
      say(`${actor.role} ${fails ? 'rollback' : 'commit'}: ${names}`);
      rmSync(name);
    }
  }
}

function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r${text.slice(0, 110).padEnd(110)}`);
  else if (process.env['CRASH_VERBOSE'] !== undefined) process.stderr.write(`${text}\n`);
}

/** With --json only the last line goes to standard output. */
function say(text: string): void {
  (json ? process.stderr : process.stdout).write(`${text}\n`);
}
