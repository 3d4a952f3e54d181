import { Module } from '@nestjs/common';
import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { DtxModule } from 'nestjs-dtx';

/** Whoever holds a row plays on only when the one that waits for it has given up. */
export const lockWaitTimeoutMs = 50;

/**
 * An application with an embedded coordinator.
 *
 * @param store a file of the coordinator's own
 * @param source a pool or data source in AT mode
 */
export function startApplication(store: string, source: unknown): Promise<INestApplicationContext> {
  @Module({
    imports: [DtxModule.forRoot({ applicationId: 'fuzz', coordinator: { store } })],
    providers: [{ provide: 'SOURCE', useValue: source }],
  })
  class FuzzModule {}
  return NestFactory.createApplicationContext(FuzzModule, { logger: false, abortOnError: false });
}
