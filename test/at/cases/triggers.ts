import type { CaseGroup } from '../work.js';
import { everywhere } from '../work.js';

/** Triggers of the application write beside the statement, and change what it writes. */
export const TRIGGERS: CaseGroup = {
  title: 'triggers of the application',
  tables: ['item', 'invoice', 'visit', 'visit_log', 'rack', 'move'],
  schema: {
    postgres: `
      CREATE TABLE invoice (id INT PRIMARY KEY, total INT NOT NULL);
      CREATE TABLE item (id INT PRIMARY KEY, invoice INT NOT NULL, price INT NOT NULL);
      CREATE FUNCTION add_up() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        IF tg_op <> 'INSERT' THEN
          UPDATE invoice SET total = total - old.price WHERE id = old.invoice;
        END IF;
        IF tg_op <> 'DELETE' THEN
          UPDATE invoice SET total = total + new.price WHERE id = new.invoice;
        END IF;
        RETURN NULL;
      END $$;
      CREATE TRIGGER add_up AFTER INSERT OR UPDATE OR DELETE ON item
        FOR EACH ROW EXECUTE FUNCTION add_up();
      CREATE TABLE visit (id INT PRIMARY KEY, note VARCHAR(40), revision INT NOT NULL);
      CREATE TABLE visit_log (id INT PRIMARY KEY, note VARCHAR(40));
      CREATE FUNCTION revise() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN new.revision := coalesce(new.revision, 0) + 1; RETURN new; END $$;
      CREATE TRIGGER revise BEFORE INSERT OR UPDATE ON visit
        FOR EACH ROW EXECUTE FUNCTION revise();
      CREATE FUNCTION log_visit() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        INSERT INTO visit_log VALUES (new.id, new.note)
          ON CONFLICT (id) DO UPDATE SET note = excluded.note;
        RETURN NULL;
      END $$;
      CREATE TRIGGER log_visit AFTER INSERT ON visit
        FOR EACH ROW EXECUTE FUNCTION log_visit();
      CREATE TABLE rack (id INT PRIMARY KEY, depot INT NOT NULL, blocked INT NOT NULL);
      CREATE TABLE move (rack INT PRIMARY KEY, depot INT NOT NULL);
      CREATE FUNCTION log_move() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        INSERT INTO move VALUES (new.id, new.depot)
          ON CONFLICT (rack) DO UPDATE SET depot = excluded.depot;
        RETURN NULL;
      END $$;
      CREATE TRIGGER log_move AFTER UPDATE OF depot ON rack
        FOR EACH ROW EXECUTE FUNCTION log_move();`,
    mariadb: `
      CREATE TABLE invoice (id INT PRIMARY KEY, total INT NOT NULL);
      CREATE TABLE item (id INT PRIMARY KEY, invoice INT NOT NULL, price INT NOT NULL);
      CREATE TRIGGER item_in AFTER INSERT ON item FOR EACH ROW
        UPDATE invoice SET total = total + new.price WHERE id = new.invoice;
      CREATE TRIGGER item_change AFTER UPDATE ON item FOR EACH ROW
      BEGIN
        UPDATE invoice SET total = total - old.price WHERE id = old.invoice;
        UPDATE invoice SET total = total + new.price WHERE id = new.invoice;
      END;
      CREATE TRIGGER item_out AFTER DELETE ON item FOR EACH ROW
        UPDATE invoice SET total = total - old.price WHERE id = old.invoice;
      CREATE TABLE visit (id INT PRIMARY KEY, note VARCHAR(40), revision INT NOT NULL);
      CREATE TABLE visit_log (id INT PRIMARY KEY, note VARCHAR(40));
      CREATE TRIGGER visit_in BEFORE INSERT ON visit FOR EACH ROW
        SET new.revision = new.revision + 1;
      CREATE TRIGGER visit_change BEFORE UPDATE ON visit FOR EACH ROW
        SET new.revision = new.revision + 1;
      CREATE TRIGGER visit_logged AFTER INSERT ON visit FOR EACH ROW
        INSERT INTO visit_log VALUES (new.id, new.note)
          ON DUPLICATE KEY UPDATE note = new.note;
      CREATE TABLE rack (id INT PRIMARY KEY, depot INT NOT NULL, blocked INT NOT NULL);
      CREATE TABLE move (rack INT PRIMARY KEY, depot INT NOT NULL);
      CREATE TRIGGER log_move AFTER UPDATE ON rack FOR EACH ROW
        IF new.depot <> old.depot THEN
          INSERT INTO move VALUES (new.id, new.depot)
            ON DUPLICATE KEY UPDATE depot = new.depot;
        END IF;`,
    sqlite: `
      CREATE TABLE invoice (id INT PRIMARY KEY, total INT NOT NULL);
      CREATE TABLE item (id INT PRIMARY KEY, invoice INT NOT NULL, price INT NOT NULL);
      CREATE TRIGGER item_in AFTER INSERT ON item BEGIN
        UPDATE invoice SET total = total + new.price WHERE id = new.invoice;
      END;
      CREATE TRIGGER item_change AFTER UPDATE ON item BEGIN
        UPDATE invoice SET total = total - old.price WHERE id = old.invoice;
        UPDATE invoice SET total = total + new.price WHERE id = new.invoice;
      END;
      CREATE TRIGGER item_out AFTER DELETE ON item BEGIN
        UPDATE invoice SET total = total - old.price WHERE id = old.invoice;
      END;
      CREATE TABLE visit (id INT PRIMARY KEY, note VARCHAR(40), revision INT NOT NULL);
      CREATE TABLE visit_log (id INT PRIMARY KEY, note VARCHAR(40));
      CREATE TRIGGER visit_in AFTER INSERT ON visit BEGIN
        UPDATE visit SET revision = revision + 1 WHERE id = new.id;
        INSERT INTO visit_log VALUES (new.id, new.note)
          ON CONFLICT (id) DO UPDATE SET note = excluded.note;
      END;
      CREATE TRIGGER visit_change AFTER UPDATE OF note ON visit BEGIN
        UPDATE visit SET revision = revision + 1 WHERE id = new.id;
      END;
      CREATE TABLE rack (id INT PRIMARY KEY, depot INT NOT NULL, blocked INT NOT NULL);
      CREATE TABLE move (rack INT PRIMARY KEY, depot INT NOT NULL);
      CREATE TRIGGER log_move AFTER UPDATE OF depot ON rack BEGIN
        INSERT INTO move VALUES (new.id, new.depot)
          ON CONFLICT (rack) DO UPDATE SET depot = excluded.depot;
      END;`,
  },
  seed: `
    INSERT INTO invoice VALUES (1, 0), (2, 0);
    INSERT INTO item VALUES (1, 1, 5), (2, 1, 7), (3, 2, 11);
    INSERT INTO visit VALUES (1, 'first', 0), (2, 'second', 0);
    INSERT INTO rack VALUES (1, 7, 0), (2, 7, 0), (3, 8, 0);
    INSERT INTO move VALUES (3, 8);`,
  cases: [
    {
      title: 'rows of which a trigger keeps the sum',
      work: everywhere([
        'INSERT INTO item VALUES (4, 2, 100)',
        'UPDATE item SET price = price + 1',
        ['UPDATE item SET invoice = 2 WHERE id = 1', 'DELETE FROM item WHERE id = 2'],
      ]),
    },
    {
      title: 'rows and their sum, both written by hand too',
      work: everywhere([
        ['UPDATE invoice SET total = 1000 WHERE id = 1', 'DELETE FROM item WHERE invoice = 1'],
        'UPDATE invoice SET total = -1',
      ]),
    },
    {
      title: 'rows that a trigger changes while they are written',
      work: everywhere([`UPDATE visit SET note = 'changed'`, 'DELETE FROM visit WHERE id = 2']),
    },
    {
      title: 'rows of which a trigger writes another table',
      work: everywhere([
        [`INSERT INTO visit VALUES (3, 'third', 0)`, `UPDATE visit SET note = 'x' WHERE id = 3`],
        [`DELETE FROM visit WHERE id = 1`, `INSERT INTO visit VALUES (1, 'again', 5)`],
      ]),
    },
    {
      title: 'a column that no trigger of the table is for',
      work: everywhere(['UPDATE rack SET blocked = 1 WHERE id = 1', 'UPDATE rack SET blocked = 2']),
    },
    {
      title: 'a column that a trigger is for, beside one that none is for',
      work: everywhere([
        ['UPDATE rack SET depot = 9 WHERE id = 3', 'UPDATE rack SET blocked = 1'],
        'UPDATE rack SET depot = 8, blocked = 2 WHERE id = 3',
      ]),
    },
  ],
};
