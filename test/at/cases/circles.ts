import type { CaseGroup } from '../work.js';
import { everywhere } from '../work.js';

const TABLES = `
  CREATE TABLE tenant (id INT PRIMARY KEY);
  CREATE TABLE person (id INT PRIMARY KEY, name VARCHAR(9) UNIQUE, home INT, office INT,
    tenant INT DEFAULT 1 NOT NULL REFERENCES tenant (id));
  CREATE TABLE address (id INT PRIMARY KEY, person INT NOT NULL,
    FOREIGN KEY (person) REFERENCES person (id) ON DELETE CASCADE);
  CREATE TABLE desk (id INT PRIMARY KEY, person INT NOT NULL,
    FOREIGN KEY (person) REFERENCES person (id));
  CREATE TABLE gear (id INT PRIMARY KEY, whole INT,
    FOREIGN KEY (whole) REFERENCES gear (id) ON DELETE CASCADE);
  CREATE TABLE knot (id INT PRIMARY KEY, other INT,
    FOREIGN KEY (other) REFERENCES knot (id))`;

const BACK = `
  ALTER TABLE person ADD FOREIGN KEY (home) REFERENCES address (id) ON DELETE SET NULL;
  ALTER TABLE person ADD FOREIGN KEY (office) REFERENCES desk (id)`;

/** Rows that refer to each other: neither can come, or go, before the other one. */
export const CIRCLES: CaseGroup = {
  title: 'references in a circle',
  tables: ['address', 'desk', 'person', 'tenant', 'gear', 'knot'],
  schema: {
    postgres: `${TABLES}; ${BACK}`,
    mariadb: `${TABLES}; ${BACK}`,
    sqlite: TABLES.replace(
      'home INT, office INT',
      'home INT REFERENCES address ON DELETE SET NULL, office INT REFERENCES desk',
    ),
  },
  seed: `
    INSERT INTO tenant VALUES (1);
    INSERT INTO person (id, name) VALUES (1, 'Ada'), (2, 'Ben');
    INSERT INTO address VALUES (1, 1); UPDATE person SET home = 1 WHERE id = 1;
    INSERT INTO desk VALUES (2, 2); UPDATE person SET office = 2 WHERE id = 2;
    INSERT INTO gear VALUES (1, NULL), (2, 1); UPDATE gear SET whole = 2 WHERE id = 1;
    INSERT INTO knot VALUES (1, NULL), (2, 1); UPDATE knot SET other = 2 WHERE id = 1;`,
  cases: [
    {
      title: 'two rows that come, of which one would go with the other',
      work: everywhere([
        [
          `INSERT INTO person (id, name) VALUES (3, 'Cid')`,
          'INSERT INTO address VALUES (3, 3)',
          'UPDATE person SET home = 3 WHERE id = 3',
        ],
      ]),
    },
    {
      title: 'two rows that come, of which none may go first',
      work: everywhere([
        [
          `INSERT INTO person (id, name) VALUES (3, 'Cid')`,
          'INSERT INTO desk VALUES (3, 3)',
          'UPDATE person SET office = 3 WHERE id = 3',
        ],
      ]),
    },
    {
      title: 'two rows of one table that come, and would go with each other',
      work: everywhere([
        [
          'INSERT INTO gear VALUES (3, NULL)',
          'INSERT INTO gear VALUES (4, 3)',
          'UPDATE gear SET whole = 4 WHERE id = 3',
        ],
      ]),
    },
    {
      title: 'two rows of one table that come, of which none may go first',
      work: everywhere([
        [
          'INSERT INTO knot VALUES (3, NULL)',
          'INSERT INTO knot VALUES (4, 3)',
          'UPDATE knot SET other = 4 WHERE id = 3',
        ],
      ]),
    },
    {
      title: 'two rows that come, in branches of their own',
      work: everywhere([
        `INSERT INTO person (id, name) VALUES (3, 'Cid')`,
        'INSERT INTO desk VALUES (3, 3)',
        'UPDATE person SET office = 3 WHERE id = 3',
      ]),
    },
    {
      title: 'two rows that go, of which one refers to the other by SET NULL',
      work: everywhere([
        [
          'UPDATE person SET home = NULL WHERE id = 1',
          'DELETE FROM address WHERE id = 1',
          'DELETE FROM person WHERE id = 1',
        ],
      ]),
    },
    {
      title: 'two rows that go, of which none came first',
      work: everywhere([
        [
          `UPDATE person SET office = NULL, name = 'gone' WHERE id = 2`,
          'DELETE FROM desk WHERE id = 2',
          'DELETE FROM person WHERE id = 2',
        ],
      ]),
    },
    {
      title: 'two rows of one table that go',
      work: everywhere([
        [
          'UPDATE gear SET whole = NULL WHERE id = 1',
          'DELETE FROM gear WHERE id = 2',
          'DELETE FROM gear WHERE id = 1',
          'UPDATE knot SET other = NULL WHERE id = 1',
          'DELETE FROM knot WHERE id = 2',
          'DELETE FROM knot WHERE id = 1',
        ],
      ]),
    },
    {
      title: 'two rows that go, and others with their keys',
      work: everywhere([
        [
          'UPDATE person SET office = NULL WHERE id = 2',
          'DELETE FROM desk WHERE id = 2',
          'DELETE FROM person WHERE id = 2',
          `INSERT INTO person (id, name) VALUES (2, 'Bob')`,
          'INSERT INTO desk VALUES (2, 1), (3, 2)',
          'UPDATE person SET office = 3 WHERE id = 2',
          'UPDATE person SET office = 2 WHERE id = 1',
        ],
      ]),
    },
    {
      title: 'two rows that go, and others with a unique value of theirs',
      work: everywhere([
        [
          'UPDATE person SET office = NULL WHERE id = 2',
          'DELETE FROM desk WHERE id = 2',
          'DELETE FROM person WHERE id = 2',
          `INSERT INTO person (id, name) VALUES (3, 'Ben')`,
          'INSERT INTO desk VALUES (3, 3)',
          'UPDATE person SET office = 3 WHERE id = 3',
        ],
      ]),
    },
  ],
};
