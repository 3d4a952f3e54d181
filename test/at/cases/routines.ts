import type { CaseGroup } from '../work.js';

const NO_ROUTINES = { not: 'SQLite has no routines' };

/** Writes that the text of the statement does not show. */
export const ROUTINES: CaseGroup = {
  title: 'routines and views',
  tables: ['purse'],
  schema: {
    postgres: `
      CREATE TABLE purse (id INT PRIMARY KEY, n INT NOT NULL);
      CREATE FUNCTION pour(source int, target int, amount int) RETURNS int LANGUAGE plpgsql AS $$
      BEGIN
        UPDATE purse SET n = n - amount WHERE id = source;
        UPDATE purse SET n = n + amount WHERE id = target;
        RETURN amount;
      END $$;
      CREATE FUNCTION empty_all() RETURNS SETOF int LANGUAGE sql AS 'DELETE FROM purse RETURNING n';
      CREATE PROCEDURE fill(count int) LANGUAGE plpgsql AS $$
      BEGIN
        INSERT INTO purse SELECT 100 + i, i FROM generate_series(1, count) i;
        BEGIN
          INSERT INTO purse VALUES (1, 0);
        EXCEPTION WHEN unique_violation THEN
          UPDATE purse SET n = 77 WHERE id = 1;
        END;
      END $$;
      CREATE VIEW rich AS SELECT id, n FROM purse WHERE n > 15;
      CREATE VIEW doubled AS SELECT id, 2 * n AS n FROM purse;
      CREATE FUNCTION halve() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        UPDATE purse SET n = new.n / 2 WHERE id = new.id;
        RETURN new;
      END $$;
      CREATE TRIGGER halve INSTEAD OF UPDATE ON doubled FOR EACH ROW EXECUTE FUNCTION halve();`,
    mariadb: `
      CREATE TABLE purse (id INT PRIMARY KEY, n INT NOT NULL);
      CREATE FUNCTION pour(source INT, target INT, amount INT) RETURNS INT MODIFIES SQL DATA
      BEGIN
        UPDATE purse SET n = n - amount WHERE id = source;
        UPDATE purse SET n = n + amount WHERE id = target;
        RETURN amount;
      END;
      CREATE PROCEDURE fill(top INT)
      BEGIN
        DECLARE i INT DEFAULT 1;
        DECLARE CONTINUE HANDLER FOR 1062 UPDATE purse SET n = 77 WHERE id = 1;
        WHILE i <= top DO
          INSERT INTO purse VALUES (100 + i, i);
          SET i = i + 1;
        END WHILE;
        INSERT INTO purse VALUES (1, 0);
      END;
      CREATE VIEW rich AS SELECT id, n FROM purse WHERE n > 15;`,
    sqlite: `
      CREATE TABLE purse (id INT PRIMARY KEY, n INT NOT NULL);
      CREATE VIEW rich AS SELECT id, n FROM purse WHERE n > 15;
      CREATE TRIGGER rich_update INSTEAD OF UPDATE ON rich BEGIN
        UPDATE purse SET n = new.n WHERE id = old.id;
      END;`,
  },
  seed: 'INSERT INTO purse VALUES (1, 10), (2, 20), (3, 30)',
  cases: [
    {
      title: 'a function in a SELECT',
      work: {
        postgres: ['SELECT pour(1, 2, 5)'],
        mariadb: ['SELECT pour(1, 2, 5)'],
        sqlite: NO_ROUTINES,
      },
    },
    {
      title: 'a function in FROM and in WHERE',
      work: {
        postgres: [
          'SELECT * FROM pour(1, 2, 5)',
          'SELECT id FROM purse WHERE id = 1 AND pour(2, 3, 1) = 1',
        ],
        mariadb: ['SELECT id FROM purse p WHERE id = 1 AND (SELECT 1) = 1', 'DO pour(1, 2, 5)'],
        sqlite: NO_ROUTINES,
      },
    },
    {
      title: 'a function that gives back what it has deleted',
      work: {
        postgres: ['SELECT sum(n) FROM empty_all() AS n'],
        mariadb: { not: 'its functions give back one value' },
        sqlite: NO_ROUTINES,
      },
    },
    {
      title: 'a procedure',
      work: { postgres: ['CALL fill(5)'], mariadb: ['CALL fill(5)'], sqlite: NO_ROUTINES },
    },
    {
      title: 'a procedure among other statements of a local transaction',
      work: {
        postgres: [['DELETE FROM purse WHERE id = 3', 'CALL fill(2)', 'SELECT pour(101, 102, 1)']],
        mariadb: [['DELETE FROM purse WHERE id = 3', 'CALL fill(2)', 'SELECT pour(101, 102, 1)']],
        sqlite: NO_ROUTINES,
      },
    },
    {
      title: 'an anonymous block',
      work: {
        postgres: [`DO $$ BEGIN DELETE FROM purse WHERE id = 1; PERFORM pour(2, 3, 5); END $$`],
        mariadb: { not: 'it is refused, since it is a program and no statement' },
        sqlite: NO_ROUTINES,
      },
    },
    {
      title: 'an EXPLAIN that runs what it explains',
      work: {
        postgres: ['EXPLAIN ANALYZE UPDATE purse SET n = 0'],
        mariadb: ['ANALYZE UPDATE purse SET n = 0'],
        sqlite: { not: 'its EXPLAIN runs nothing' },
      },
    },
    {
      title: 'an update through a view',
      work: {
        postgres: ['UPDATE rich SET n = n + 1', 'DELETE FROM rich WHERE id = 3'],
        mariadb: ['UPDATE rich SET n = n + 1', 'DELETE FROM rich WHERE id = 3'],
        sqlite: ['UPDATE rich SET n = n + 1'],
      },
    },
    {
      title: 'an update through a view with a trigger of its own',
      work: {
        postgres: ['UPDATE doubled SET n = n + 2 WHERE id < 3'],
        mariadb: { not: 'MariaDB has no such triggers' },
        sqlite: { not: 'its other view has one' },
      },
    },
  ],
};
