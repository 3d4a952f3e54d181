/**
 * An application as a user has it. It is compiled and started as CommonJS and as ESM, and prints
 * what it saw as one line of JSON.
 */
import 'reflect-metadata';
import { createRequire } from 'node:module';
import type { AddressInfo, Server } from 'node:net';
import { join } from 'node:path';

import { Controller, Get, Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import * as dtx from 'nestjs-dtx';
import { DtxModule, GlobalTransactional, TransactionManager } from 'nestjs-dtx';
import { dtxPool } from 'nestjs-dtx/pg';
import { DtxTestingModule } from 'nestjs-dtx/testing';
import { withDtx } from 'nestjs-dtx/typeorm';

const [, program = '', folder = ''] = process.argv;
const load = createRequire(program);

/**
 * Every way in which a process can come to hold the package. The compiler reads the declarations of
 * each format and takes their classes for different ones; at run time they must be the same.
 */
async function copies(): Promise<readonly (typeof dtx)[]> {
  const required: unknown = load('nestjs-dtx');
  const imported: unknown = await import('nestjs-dtx');
  return [dtx, required as typeof dtx, imported as typeof dtx];
}

@Injectable()
class OrderService {
  @GlobalTransactional({ name: 'place-order' })
  async place() {
    return (await copies()).map(({ currentXid }) => currentXid());
  }
}

@Controller('orders')
class OrderController {
  constructor(
    private readonly orders: OrderService,
    readonly transactions: TransactionManager,
  ) {}

  @Get()
  async place() {
    const xids = await this.orders.place();
    return { xids, after: dtx.currentXid() ?? null };
  }
}

@Module({
  imports: [
    DtxModule.forRoot({
      applicationId: 'consumer',
      coordinator: { store: join(folder, 'coordinator.db') },
    }),
  ],
  controllers: [OrderController],
  providers: [OrderService],
})
class AppModule {}

/** Never called: the compiler reads it, and no database is asked for. */
export const withDatabase = () =>
  TypeOrmModule.forRoot(
    withDtx({ type: 'postgres', url: 'postgres://localhost/orders' }, { resourceId: 'orders' }),
  );

async function main(): Promise<void> {
  const app = await NestFactory.create(AppModule, {
    logger: ['error', 'warn'],
    abortOnError: false,
  });
  await app.listen(0, '127.0.0.1');
  const { port } = (app.getHttpServer() as Server).address() as AddressInfo;
  const answer: unknown = await (await fetch(`http://127.0.0.1:${port}/orders`)).json();
  await app.close();

  const report = {
    nest: (load('@nestjs/core/package.json') as { version: string }).version,
    sameClasses: (await copies()).every(
      (copy) => copy.TransactionManager === TransactionManager && copy.DtxModule === DtxModule,
    ),
    hasContext: Symbol.for('dtx:context') in globalThis,
    subpaths: [dtxPool, DtxTestingModule, withDtx].map((name) => typeof name),
    answer,
  };
  process.stdout.write(`${JSON.stringify(report)}\n`);
}

void main();
