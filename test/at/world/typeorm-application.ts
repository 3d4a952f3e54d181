import * as typeorm1 from 'typeorm';
import type { DataSource, DataSourceOptions } from 'typeorm';
import * as typeorm03 from 'typeorm-0.3';

import { withDtx } from '../../../lib/resource/typeorm/index.js';
import type { AtResourceOptions } from '../../../lib/resource/typeorm/index.js';
import type { Lend } from './run-step.js';
import { runStep } from './run-step.js';
import type { Application, Seam } from './world.interface.js';

export type TypeOrm = typeof typeorm1;

/** The two versions differ in their types, not in what the suite uses. */
export const typeOrmOf = (seam: Seam): TypeOrm =>
  seam === 'TypeORM 0.3' ? (typeorm03 as unknown as TypeOrm) : typeorm1;

/** Opens a data source in AT mode. */
export async function openDataSource(
  seam: Seam,
  options: DataSourceOptions,
  dtx: AtResourceOptions,
): Promise<DataSource> {
  const source = new (typeOrmOf(seam).DataSource)(withDtx(options, dtx));
  return source.initialize();
}

/** An application that sends its SQL through query runners. */
export function typeOrmApplication(source: DataSource): Application {
  const lend: Lend = async (work) => {
    const runner = source.createQueryRunner();
    try {
      await work({
        begin: () => runner.startTransaction(),
        send: (sql) => runner.query(sql),
        commit: () => runner.commitTransaction(),
        rollback: () => runner.rollbackTransaction(),
      });
    } finally {
      await runner.release();
    }
  };
  const query = (sql: string): Promise<unknown> => source.query(sql);
  return {
    run: (step) => runStep(step, query, lend),
    query: async (sql) => (await query(sql)) as readonly unknown[],
  };
}
