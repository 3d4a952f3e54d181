import { Module } from '@nestjs/common';
import type { INestApplicationContext, Provider } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { DtxModule } from 'nestjs-dtx';

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
  readonly engine: {
    tagStatement(tag: { readonly xid: string; readonly branchId: string }): string;
  };
  readonly host: { readonly ids: { newXid(): string; newBranchId(): string } };
}

/**
 * Texts that mark local transactions, each as a branch that no coordinator knows; the capture
 * variant needs them, applications never do.
 */
export function tagStatementsOf(source: object): () => string {
  const marked = source as Readonly<Record<symbol, Tagging | undefined>>;
  const resource = marked[Symbol.for('dtx:resource')];
  if (resource === undefined) throw new Error('The data source is not instrumented.');
  const { engine, host } = resource;
  return () => engine.tagStatement({ xid: host.ids.newXid(), branchId: host.ids.newBranchId() });
}
