import type { CaseGroup } from '../work.js';

const NO_PARTITIONS = { not: 'SQLite has no partitions' };

/** One table over several. */
export const PARTITIONS: CaseGroup = {
  title: 'partitions',
  tables: {
    postgres: ['event', 'folder', 'shop.article'],
    mariadb: ['event'],
    sqlite: NO_PARTITIONS,
  },
  schema: {
    postgres: `
      CREATE TABLE event (id int, region text, note text, PRIMARY KEY (id, region))
        PARTITION BY LIST (region);
      CREATE TABLE event_eu (note text, gone int, region text NOT NULL, id int NOT NULL);
      ALTER TABLE event_eu DROP COLUMN gone;
      ALTER TABLE event ATTACH PARTITION event_eu FOR VALUES IN ('eu');
      CREATE TABLE event_us PARTITION OF event FOR VALUES IN ('us') PARTITION BY RANGE (id);
      CREATE TABLE event_us_low PARTITION OF event_us FOR VALUES FROM (0) TO (100);
      CREATE TABLE event_us_high PARTITION OF event_us DEFAULT;
      CREATE TABLE folder (id int PRIMARY KEY, name text);
      CREATE TABLE subfolder (PRIMARY KEY (id), depth int) INHERITS (folder);
      CREATE SCHEMA shop;
      CREATE TABLE shop.article (id int PRIMARY KEY, name text);
      DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = public, shop',
        current_database()); END $$;`,
    mariadb: `
      CREATE TABLE event (id INT, region VARCHAR(5), note VARCHAR(20), PRIMARY KEY (id, region))
        PARTITION BY LIST COLUMNS (region) (
          PARTITION eu VALUES IN ('eu'), PARTITION us VALUES IN ('us'));`,
    sqlite: NO_PARTITIONS,
  },
  seed: {
    postgres: `
      INSERT INTO event VALUES (1, 'eu', 'x'), (2, 'us', 'y'), (200, 'us', 'z');
      INSERT INTO folder VALUES (1, 'root');
      INSERT INTO subfolder VALUES (1, 'also one', 2);
      INSERT INTO shop.article VALUES (1, 'pen'), (2, 'ink');`,
    mariadb: `INSERT INTO event VALUES (1, 'eu', 'x'), (2, 'us', 'y'), (200, 'us', 'z')`,
    sqlite: NO_PARTITIONS,
  },
  cases: [
    {
      title: 'rows that stay in their partition',
      work: {
        postgres: [
          `UPDATE event SET note = 'changed'`,
          `INSERT INTO event VALUES (5, 'eu', 'new')`,
          [`DELETE FROM event WHERE region = 'us'`, `UPDATE event_eu SET note = 'again'`],
        ],
        mariadb: [
          `UPDATE event SET note = 'changed'`,
          `INSERT INTO event VALUES (5, 'eu', 'new')`,
          [`DELETE FROM event WHERE region = 'us'`],
        ],
        sqlite: NO_PARTITIONS,
      },
    },
    {
      title: 'rows that move to another partition',
      work: {
        postgres: [`UPDATE event SET region = 'us' WHERE id = 1`, 'UPDATE event SET id = id + 99'],
        mariadb: [`UPDATE event SET region = 'us' WHERE id = 1`, 'UPDATE event SET id = id + 99'],
        sqlite: NO_PARTITIONS,
      },
    },
    {
      title: 'writes to one partition by its name',
      work: {
        postgres: [`INSERT INTO event_us_low VALUES (7, 'us', 'q')`, 'DELETE FROM event_us_high'],
        mariadb: [
          `INSERT INTO event PARTITION (us) VALUES (7, 'us', 'q')`,
          'DELETE FROM event PARTITION (eu)',
        ],
        sqlite: NO_PARTITIONS,
      },
    },
    {
      title: 'tables that inherit, with one key in both',
      work: {
        postgres: [[`UPDATE folder SET name = name || '!'`, 'DELETE FROM ONLY folder']],
        mariadb: { not: 'its tables do not inherit' },
        sqlite: NO_PARTITIONS,
      },
    },
    {
      title: 'a table of another schema',
      work: {
        postgres: [`UPDATE article SET name = 'changed'`, 'DELETE FROM shop.article WHERE id = 1'],
        mariadb: { not: 'a schema is a database there' },
        sqlite: NO_PARTITIONS,
      },
    },
  ],
};
