import type { CaseGroup } from '../work.js';
import { everywhere } from '../work.js';

/** Inserts that may meet a row, in the form of each engine. */
export const UPSERTS: CaseGroup = {
  title: 'upserts',
  tables: ['stock'],
  schema: everywhere(`
    CREATE TABLE stock (id INT PRIMARY KEY, sku VARCHAR(20) NOT NULL UNIQUE, n INT NOT NULL)`),
  seed: `INSERT INTO stock VALUES (1, 'a', 10), (2, 'b', 20), (3, 'c', 30)`,
  cases: [
    {
      title: 'an upsert that inserts and updates, by the primary key',
      work: {
        postgres: [
          `INSERT INTO stock VALUES (3, 'c', 1), (4, 'd', 2)
           ON CONFLICT (id) DO UPDATE SET n = stock.n + excluded.n`,
        ],
        mariadb: [
          `INSERT INTO stock VALUES (3, 'c', 1), (4, 'd', 2)
           ON DUPLICATE KEY UPDATE n = n + VALUES(n)`,
        ],
        sqlite: [
          `INSERT INTO stock VALUES (3, 'c', 1), (4, 'd', 2)
           ON CONFLICT (id) DO UPDATE SET n = n + excluded.n`,
        ],
      },
    },
    {
      title: 'an upsert by a unique value of another row',
      work: {
        postgres: [
          `INSERT INTO stock VALUES (9, 'b', 1), (8, 'x', 2)
           ON CONFLICT (sku) DO UPDATE SET n = excluded.n, id = excluded.id`,
        ],
        mariadb: [
          `INSERT INTO stock VALUES (9, 'b', 1), (8, 'x', 2)
           ON DUPLICATE KEY UPDATE n = VALUES(n), id = VALUES(id)`,
        ],
        sqlite: [
          `INSERT INTO stock VALUES (9, 'b', 1), (8, 'x', 2)
           ON CONFLICT (sku) DO UPDATE SET n = excluded.n, id = excluded.id`,
        ],
      },
    },
    {
      title: 'an upsert whose update has a condition',
      work: {
        postgres: [
          `INSERT INTO stock VALUES (1, 'a', 0), (2, 'b', 0)
           ON CONFLICT (id) DO UPDATE SET n = excluded.n WHERE stock.n > 15`,
        ],
        mariadb: [
          `INSERT INTO stock VALUES (1, 'a', 0), (2, 'b', 0)
           ON DUPLICATE KEY UPDATE n = IF(n > 15, VALUES(n), n)`,
        ],
        sqlite: [
          `INSERT INTO stock VALUES (1, 'a', 0), (2, 'b', 0)
           ON CONFLICT (id) DO UPDATE SET n = excluded.n WHERE n > 15`,
        ],
      },
    },
    {
      title: 'an upsert that updates to what there is',
      work: {
        postgres: [
          `INSERT INTO stock VALUES (1, 'a', 0) ON CONFLICT (id) DO UPDATE SET n = stock.n`,
        ],
        mariadb: [`INSERT INTO stock VALUES (1, 'a', 0) ON DUPLICATE KEY UPDATE n = n`],
        sqlite: [`INSERT INTO stock VALUES (1, 'a', 0) ON CONFLICT (id) DO UPDATE SET n = n`],
      },
      changesNothing: true,
    },
    {
      title: 'an upsert of a row that the same transaction has inserted and deleted',
      work: {
        postgres: [
          [
            `INSERT INTO stock VALUES (7, 'g', 1)`,
            `INSERT INTO stock VALUES (7, 'g', 2) ON CONFLICT (id) DO UPDATE SET n = excluded.n`,
            'DELETE FROM stock WHERE id = 7',
          ],
          `INSERT INTO stock VALUES (7, 'h', 3) ON CONFLICT (id) DO UPDATE SET n = excluded.n`,
        ],
        mariadb: [
          [
            `INSERT INTO stock VALUES (7, 'g', 1)`,
            `INSERT INTO stock VALUES (7, 'g', 2) ON DUPLICATE KEY UPDATE n = VALUES(n)`,
            'DELETE FROM stock WHERE id = 7',
          ],
          `INSERT INTO stock VALUES (7, 'h', 3) ON DUPLICATE KEY UPDATE n = VALUES(n)`,
        ],
        sqlite: [
          [
            `INSERT INTO stock VALUES (7, 'g', 1)`,
            `INSERT INTO stock VALUES (7, 'g', 2) ON CONFLICT (id) DO UPDATE SET n = excluded.n`,
            'DELETE FROM stock WHERE id = 7',
          ],
          `INSERT INTO stock VALUES (7, 'h', 3) ON CONFLICT (id) DO UPDATE SET n = excluded.n`,
        ],
      },
    },
    {
      title: 'an insert that leaves what is there',
      work: {
        postgres: [`INSERT INTO stock VALUES (1, 'q', 0), (4, 'd', 4) ON CONFLICT DO NOTHING`],
        mariadb: [`INSERT IGNORE INTO stock VALUES (1, 'q', 0), (4, 'd', 4)`],
        sqlite: [
          `INSERT INTO stock VALUES (1, 'q', 0), (4, 'd', 4) ON CONFLICT DO NOTHING`,
          `INSERT OR IGNORE INTO stock VALUES (2, 'q', 0), (5, 'e', 5)`,
        ],
      },
    },
    {
      title: 'an insert that leaves everything as it is',
      work: {
        postgres: [`INSERT INTO stock VALUES (1, 'q', 0), (9, 'b', 4) ON CONFLICT DO NOTHING`],
        mariadb: [`INSERT IGNORE INTO stock VALUES (1, 'q', 0), (9, 'b', 4)`],
        sqlite: [`INSERT OR IGNORE INTO stock VALUES (1, 'q', 0), (9, 'b', 4)`],
      },
      changesNothing: true,
    },
    {
      title: 'an update that ignores what it may not do',
      work: {
        postgres: { not: 'PostgreSQL has no such form' },
        mariadb: [`UPDATE IGNORE stock SET sku = 'a', n = 0`],
        sqlite: [`UPDATE OR IGNORE stock SET sku = 'a', n = 0`],
      },
    },
    {
      title: 'a replace of one row and an insert of another',
      work: {
        postgres: { not: 'PostgreSQL has no REPLACE' },
        mariadb: [`REPLACE INTO stock VALUES (1, 'z', 0), (4, 'd', 4)`],
        sqlite: [
          `REPLACE INTO stock VALUES (1, 'z', 0)`,
          `INSERT OR REPLACE INTO stock VALUES (4, 'd', 4)`,
        ],
      },
    },
    {
      title: 'a replace that removes two rows for one',
      work: {
        postgres: { not: 'PostgreSQL has no REPLACE' },
        mariadb: [`REPLACE INTO stock VALUES (1, 'b', 0)`],
        sqlite: [`REPLACE INTO stock VALUES (1, 'b', 0)`],
      },
    },
    {
      title: 'an update that replaces',
      work: {
        postgres: { not: 'PostgreSQL has no such form' },
        mariadb: { not: 'MariaDB has no such form' },
        sqlite: [`UPDATE OR REPLACE stock SET sku = 'b' WHERE id = 1`],
      },
    },
    {
      title: 'a merge',
      work: {
        postgres: [
          `MERGE INTO stock s USING (VALUES (1, 'a', 5), (9, 'i', 9), (2, 'b', 0)) AS v (id, sku, n)
           ON s.id = v.id
           WHEN MATCHED AND v.n = 0 THEN DELETE
           WHEN MATCHED THEN UPDATE SET n = s.n + v.n
           WHEN NOT MATCHED THEN INSERT VALUES (v.id, v.sku, v.n)`,
        ],
        mariadb: { not: 'MariaDB has no MERGE' },
        sqlite: { not: 'SQLite has no MERGE' },
      },
    },
    {
      title: 'a merge that does nothing for some',
      work: {
        postgres: [
          `MERGE INTO stock s USING stock o ON s.id = o.id + 1
           WHEN MATCHED AND o.n > 15 THEN DO NOTHING
           WHEN MATCHED THEN UPDATE SET n = o.n
           WHEN NOT MATCHED THEN INSERT VALUES (o.id + 50, o.sku || '!', o.n)`,
        ],
        mariadb: { not: 'MariaDB has no MERGE' },
        sqlite: { not: 'SQLite has no MERGE' },
      },
    },
  ],
};
