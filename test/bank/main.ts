/** A bank in two databases: transfers that fail at random, readers that must see the whole. */
import { setTimeout as sleep } from 'node:timers/promises';

import { countLeft, findViolations } from './checks.js';
import { bankOptions } from './options.js';
import type { Findings } from './workers.js';
import { runWorkers } from './workers.js';
import type { BankWorld } from './world.js';
import { openWorld } from './world.js';

/** Phase two needs a moment behind the last answer. */
const LEFT_MS_MAX = 30_000;
const LOOK_EVERY_MS = 50;
const VIOLATIONS_SHOWN_MAX = 20;

const options = bankOptions();
const world = await openWorld();
const closeAndExit = (): void => {
  void world.close().finally(() => process.exit(1));
};
process.once('SIGINT', closeAndExit).once('SIGTERM', closeAndExit);
try {
  process.exitCode = (await run(world)) ? 0 : 1;
} catch (error) {
  say(String(error));
  process.exitCode = 1;
} finally {
  await world.close();
}

async function run(bank: BankWorld): Promise<boolean> {
  say(`${bank.server}; two databases, eight workers, ${options.seconds} s`);
  const findings = await runWorkers(bank.bank, options.seconds, progress);
  const left = await waitForNothing(bank);
  await bank.stop();
  const violations = [...findings.violations, ...(await findViolations(bank, findings))];
  for (const violation of violations.slice(0, VIOLATIONS_SHOWN_MAX)) say(`VIOLATION ${violation}`);
  const { conflicts, deadlocks, failed, reads, transfers } = findings;
  say(`
${transfers} transfers: ${findings.committed.size} committed, ${failed} failed on purpose
${reads} reads of the total
${conflicts} lock conflicts, of which ${deadlocks} ended a circle
${violations.length} violations, ${left} rows left`);
  const result = {
    transfers,
    committed: findings.committed.size,
    failed,
    reads,
    conflicts,
    deadlocks,
    seconds: options.seconds,
    violations: violations.length,
    left,
  };
  if (options.json) process.stdout.write(`${JSON.stringify(result)}\n`);
  return violations.length === 0 && left === 0 && findings.committed.size > 0 && reads > 0;
}

async function waitForNothing(bank: BankWorld): Promise<number> {
  const startMs = performance.now();
  for (;;) {
    const left = await countLeft(bank);
    if (left === 0 || performance.now() - startMs > LEFT_MS_MAX) return left;
    await sleep(LOOK_EVERY_MS);
  }
}

function progress({ reads, transfers }: Findings): void {
  if (process.stderr.isTTY) process.stderr.write(`\r${transfers} transfers, ${reads} reads`);
}

/** With --json only the last line goes to standard output. */
function say(text: string): void {
  (options.json ? process.stderr : process.stdout).write(`${text}\n`);
}
