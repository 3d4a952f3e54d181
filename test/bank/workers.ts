import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

import { LockConflictError } from 'nestjs-dtx';

import type { BankService, Transfer } from './bank.service.js';
import { PlannedFailure } from './bank.service.js';
import { ACCOUNTS, BALANCE } from './world.js';

const TRANSFER_WORKERS = 6;
const READ_WORKERS = 2;
const AMOUNT_MAX = 50;

/** Between two transfers: a reader gets through only when no row of one half is held. */
const THINK_MS_MAX = 80;
export const TOTAL = 2 * ACCOUNTS * BALANCE;

/** What the workers have done and seen. */
export interface Findings {
  /** Ids of the transfers of which the workers were told that they are committed. */
  readonly committed: Set<number>;
  /** Begun ones, whatever became of them. */
  transfers: number;
  /** Failed on purpose. */
  failed: number;
  /** Transfers and reads that gave up at a row of somebody else. */
  conflicts: number;
  /** Of those, transfers that ended a circle of waiters. */
  deadlocks: number;
  reads: number;
  readonly violations: string[];
}

/** Runs all workers for the time. */
export async function runWorkers(
  bank: BankService,
  seconds: number,
  onProgress: (findings: Findings) => void,
): Promise<Findings> {
  const findings: Findings = {
    committed: new Set(),
    transfers: 0,
    failed: 0,
    conflicts: 0,
    deadlocks: 0,
    reads: 0,
    violations: [],
  };
  const endMs = performance.now() + seconds * 1000;
  const until = (step: () => Promise<void>) => async (): Promise<void> => {
    while (performance.now() < endMs) {
      await step();
      onProgress(findings);
    }
  };
  const transfer = until(() => transferOnce(bank, findings));
  const read = until(() => readOnce(bank, findings));
  await Promise.all([
    ...Array.from({ length: TRANSFER_WORKERS }, () => transfer()),
    ...Array.from({ length: READ_WORKERS }, () => read()),
  ]);
  return findings;
}

async function transferOnce(bank: BankService, findings: Findings): Promise<void> {
  findings.transfers += 1;
  const transfer = newTransfer(findings.transfers);
  try {
    await bank.transfer(transfer);
    findings.committed.add(transfer.id);
    if (transfer.failure !== undefined) findings.violations.push(`${transfer.id} did not fail`);
  } catch (error) {
    if (error instanceof PlannedFailure) findings.failed += 1;
    else count(error, findings);
  }
  await sleep(randomInt(THINK_MS_MAX));
}

async function readOnce(bank: BankService, findings: Findings): Promise<void> {
  try {
    const total = await bank.total();
    findings.reads += 1;
    if (total !== TOTAL) findings.violations.push(`a reader has seen ${total} of ${TOTAL}`);
  } catch (error) {
    count(error, findings);
  }
}

/** Whatever else goes wrong is not what users were promised. */
function count(error: unknown, findings: Findings): void {
  if (!(error instanceof LockConflictError)) {
    findings.violations.push(String(error));
    return;
  }
  findings.conflicts += 1;
  if (error.isDeadlock) findings.deadlocks += 1;
}

function newTransfer(id: number): Transfer {
  const failure = randomInt(3);
  return {
    id,
    leftAccount: randomInt(1, ACCOUNTS + 1),
    rightAccount: randomInt(1, ACCOUNTS + 1),
    amount: randomInt(-AMOUNT_MAX, AMOUNT_MAX + 1),
    failure: failure === 0 ? undefined : failure === 1 ? 'between' : 'after',
    order: randomInt(8) === 0 ? 'right-first' : 'left-first',
  };
}
