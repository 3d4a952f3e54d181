/**
 * Holds every carrier to the conformance suite, with the package and the Nest that are installed
 * here, and prints what came of it as one line of JSON.
 *
 *   node main.js FOLDER [redis://:PASSWORD@HOST:PORT]
 */
import 'reflect-metadata';
import { join } from 'node:path';

import { carriersWith } from '../../conformance/propagation/carriers/index.js';
import type { Brokers } from '../../conformance/propagation/carriers/index.js';
import type { ConformanceCarrier } from '../../conformance/propagation/carrier.interface.js';
import { MemoryLedger } from '../../conformance/propagation/ledger.js';
import { casesFor } from '../../conformance/propagation/suite.js';
import { openWorld } from '../../conformance/propagation/world.js';

interface Held {
  readonly carrier: string;
  readonly passed: number;
  readonly failures: readonly string[];
}

const [, , folder = '', redisUrl] = process.argv;

async function hold(carrier: ConformanceCarrier, index: number): Promise<Held> {
  const world = await openWorld(carrier, {
    store: join(folder, `coordinator-${String(index)}.db`),
    openLedger: async (resourceId) => new MemoryLedger(resourceId),
  });
  const failures: string[] = [];
  let passed = 0;
  for (const one of casesFor(carrier)) {
    try {
      await one.run(world);
      passed += 1;
    } catch (error) {
      failures.push(`${one.name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  await world.close();
  return { carrier: carrier.name, passed, failures };
}

function brokers(): Brokers {
  if (redisUrl === undefined) return {};
  const { hostname, port, password } = new URL(redisUrl);
  return { redis: { host: hostname, port: Number(port), password } };
}

async function main(): Promise<void> {
  const held: Held[] = [];
  // One after the other: their applications share the process, and so they do with a user's.
  for (const [index, carrier] of carriersWith(brokers()).entries()) {
    held.push(await hold(carrier, index));
  }
  process.stdout.write(`${JSON.stringify(held)}\n`);
}

void main();
