import { drizzle } from 'drizzle-orm/node-postgres';
import knex from 'knex';
import pg from 'pg';
import { DataSource } from 'typeorm';

import { uncoveredSources } from '../../../lib/modules/uncovered-sources.js';
import { dtxPool } from '../../../lib/resource/driver/pg/index.js';
import { withDtx } from '../../../lib/resource/typeorm/index.js';

const nobody = () => false;
const warn = (instance: unknown) => uncoveredSources([{ name: 'SOURCE', instance }], nobody);

describe('a data source that takes no part', () => {
  it.each([
    ['a TypeORM data source', () => new DataSource({ type: 'postgres' }), 'withDtx({ … })'],
    ['a pg pool', () => new pg.Pool(), 'dtxPool(new Pool({ … }))'],
    ['a Drizzle database over a pg pool', () => drizzle(new pg.Pool()), 'dtxPool(new Pool({ … }))'],
    ['a Knex instance on PostgreSQL', () => knex({ client: 'pg' }), 'dtxPool(new Pool({ … }))'],
  ])('is told of, with the fix: %s', (what, create, fix) => {
    const [warning] = warn(create());

    expect(warning).toContain(`SOURCE is ${what} that takes no part`);
    expect(warning).toContain(fix);
    expect(warning).toContain("ignoredSources: ['SOURCE']");
  });

  it.each([
    ['withDtx', () => new DataSource(withDtx({ type: 'postgres' }))],
    ['dtxPool', () => dtxPool(new pg.Pool())],
    ['Drizzle over dtxPool', () => drizzle(dtxPool(new pg.Pool()))],
    [
      'a database that AT does not cover',
      () => ({ createQueryRunner() {}, getRepository() {}, options: { type: 'oracle' } }),
    ],
    ['something else', () => ({ connect() {}, query() {} })],
    ['nothing', () => undefined],
  ])('is none: %s', (_what, create) => {
    expect(warn(create())).toEqual([]);
  });

  it('is told of once, whatever it is provided as', () => {
    const instance = new pg.Pool();
    const providers = [
      { name: 'POOL', instance },
      { name: 'ALIAS', instance },
    ];

    expect(uncoveredSources(providers, nobody)).toHaveLength(1);
  });

  it('is not told of when it is ignored', () => {
    const instance = new pg.Pool();

    expect(uncoveredSources([{ name: 'POOL', instance }], ({ name }) => name === 'POOL')).toEqual(
      [],
    );
  });

  it('may be an object that throws when it is looked at', () => {
    const trap = new Proxy(
      {},
      {
        get: () => {
          throw new Error('not yet');
        },
      },
    );

    expect(warn(trap)).toEqual([]);
  });
});
