/**
 * What `@GlobalTransactional` costs per call, in CPU time, without coordinator and database.
 */
import 'reflect-metadata';

import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { GlobalTransactional, Propagation } from 'nestjs-dtx';
import { DtxTestingModule } from 'nestjs-dtx/testing';

import { readArguments } from './support/bench-options.js';
import { median, round } from './support/statistics.js';

const CALLS = 200_000;
const CALLS_NEW = 50_000;
const RUNS = 5;

/** The body costs nothing, so that what is measured is the decorator and one await. */
const ONE = Promise.resolve(1);

const USAGE = `Usage: npm run bench:decorator -- [--json]`;

@Injectable()
class Service {
  plain(): Promise<number> {
    return ONE;
  }

  @GlobalTransactional()
  join(): Promise<number> {
    return ONE;
  }

  @GlobalTransactional({ propagation: Propagation.REQUIRES_NEW })
  requiresNew(): Promise<number> {
    return ONE;
  }

  @GlobalTransactional({ propagation: Propagation.SUPPORTS })
  supports(): Promise<number> {
    return ONE;
  }

  @GlobalTransactional()
  inside(work: () => Promise<number>): Promise<number> {
    return work();
  }
}

@Module({ imports: [DtxTestingModule.forRoot()], providers: [Service] })
class BenchModule {}

const { json } = readArguments(USAGE, {});
const app = await NestFactory.createApplicationContext(BenchModule, { logger: ['error'] });
const service = app.get(Service);

const result = {
  nsPerCall: await service.inside(() => nsPerCall(CALLS, () => service.join())),
  nsNew: await nsPerCall(CALLS_NEW, () => service.requiresNew()),
  nsSupports: await nsPerCall(CALLS, () => service.supports()),
  nsPlain: await nsPerCall(CALLS, () => service.plain()),
};
await app.close();

const rows = [
  ['joining an active transaction', result.nsPerCall],
  ['a transaction of its own, coordinator not counted', result.nsNew],
  ['SUPPORTS without a transaction', result.nsSupports],
  ['the same method without the decorator', result.nsPlain],
] as const;
for (const [what, ns] of rows) say(`${what.padEnd(52)} ${String(ns).padStart(6)} ns CPU per call`);
if (json) process.stdout.write(`${JSON.stringify(result)}\n`);

/** CPU time of one awaited call, the median of five runs after one to warm up. */
async function nsPerCall(calls: number, call: () => Promise<number>): Promise<number> {
  const runs: number[] = [];
  for (let run = 0; run <= RUNS; run += 1) {
    const before = process.cpuUsage();
    for (let index = 0; index < calls; index += 1) await call();
    const { system, user } = process.cpuUsage(before);
    if (run > 0) runs.push(((system + user) * 1_000) / calls);
  }
  return round(median(runs));
}

function say(text: string): void {
  (json ? process.stderr : process.stdout).write(`${text}\n`);
}
