import { Module } from '@nestjs/common';
import type { INestApplicationContext, Provider } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { DtxModule } from 'nestjs-dtx';

import type { BranchTag } from './at-engine.interface.js';

/** An application that owns the given data sources. */
export async function startApplication(
  sources: readonly object[],
  store: string,
  more: readonly Provider[] = [],
): Promise<INestApplicationContext> {
  const providers: Provider[] = [
    ...sources.map((useValue, index) => ({ provide: `source-${index}`, useValue })),
    ...more,
  ];
  @Module({
    imports: [DtxModule.forRoot({ applicationId: 'bench', coordinator: { store } })],
    providers,
  })
  class BenchModule {}
  return NestFactory.createApplicationContext(BenchModule, { logger: ['warn', 'error'] });
}

interface Tagging {
  readonly engine: { tagStatement(tag: BranchTag): string };
}

/** The text that marks a local transaction; the capture variant needs it, applications never do. */
export function tagStatementOf(source: object): (tag: BranchTag) => string {
  const marked = source as Readonly<Record<symbol, Tagging | undefined>>;
  const resource = marked[Symbol.for('dtx:resource')];
  if (resource === undefined) throw new Error('The data source is not instrumented.');
  return (tag) => resource.engine.tagStatement(tag);
}
