import { createRequire } from 'node:module';
import { resolve } from 'node:path';

import type { DataSourceLike } from '../coordinator/store/sql/index.js';

/** A data source of the application, for as long as a command needs it. */
export interface LoadedDataSource {
  readonly dataSource: DataSourceLike;
  /** Closes it, if it was opened here. */
  close(): Promise<void>;
}

interface TypeOrmDataSource extends DataSourceLike {
  initialize(): Promise<unknown>;
  destroy(): Promise<void>;
}

/**
 * Loads a module that exports a TypeORM DataSource, by default or by name, as TypeORM's own program
 * takes it. The export may be a promise of it.
 *
 * @throws Error that says why there is none
 */
export async function loadDataSource(file: string): Promise<LoadedDataSource> {
  const path = resolve(file);
  // Loads ES modules too, from Node 20.19 on.
  const exported = createRequire(path)(path) as Readonly<Record<string, unknown>>;
  const values: unknown[] = [];
  for (const value of [exported, ...Object.values(exported)]) values.push(await value);
  const [dataSource, other] = new Set(values.filter(isDataSource));
  if (dataSource === undefined) {
    throw new Error(`${file} exports no DataSource. Of TypeScript name the compiled file.`);
  }
  if (other !== undefined) throw new Error(`${file} exports more than one DataSource.`);
  if (dataSource.isInitialized) return { dataSource, close: () => Promise.resolve() };
  await dataSource.initialize();
  return { dataSource, close: () => dataSource.destroy() };
}

function isDataSource(value: unknown): value is TypeOrmDataSource {
  if (typeof value !== 'object' || value === null) return false;
  return 'isInitialized' in value && 'createQueryRunner' in value && 'initialize' in value;
}
