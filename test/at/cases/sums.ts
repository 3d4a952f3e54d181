import type { CaseGroup } from '../work.js';
import { everywhere } from '../work.js';

/** Sums that triggers keep, which also fire while rows are restored. */
export const SUMS: CaseGroup = {
  title: 'sums that triggers keep',
  tables: ['entry', 'acc', 'take', 'supply'],
  schema: {
    postgres: `
      CREATE TABLE acc (id INT PRIMARY KEY, bal INT NOT NULL);
      CREATE TABLE entry (id INT PRIMARY KEY, acc INT NOT NULL, n INT NOT NULL);
      CREATE FUNCTION keep_bal() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        IF tg_op <> 'INSERT' THEN UPDATE acc SET bal = bal - old.n WHERE id = old.acc; END IF;
        IF tg_op <> 'DELETE' THEN UPDATE acc SET bal = bal + new.n WHERE id = new.acc; END IF;
        RETURN NULL;
      END $$;
      CREATE TRIGGER keep_bal AFTER INSERT OR UPDATE OR DELETE ON entry
        FOR EACH ROW EXECUTE FUNCTION keep_bal();
      CREATE TABLE supply (sku VARCHAR(10) PRIMARY KEY, amount INT NOT NULL CHECK (amount >= 0));
      CREATE TABLE take (id INT PRIMARY KEY, sku VARCHAR(10) NOT NULL, qty INT NOT NULL);
      CREATE FUNCTION keep_amount() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        IF tg_op <> 'INSERT' THEN
          UPDATE supply SET amount = amount + old.qty WHERE sku = old.sku;
        END IF;
        IF tg_op <> 'DELETE' THEN
          UPDATE supply SET amount = amount - new.qty WHERE sku = new.sku;
        END IF;
        RETURN NULL;
      END $$;
      CREATE TRIGGER keep_amount AFTER INSERT OR UPDATE OR DELETE ON take
        FOR EACH ROW EXECUTE FUNCTION keep_amount();`,
    mariadb: `
      CREATE TABLE acc (id INT PRIMARY KEY, bal INT NOT NULL);
      CREATE TABLE entry (id INT PRIMARY KEY, acc INT NOT NULL, n INT NOT NULL);
      CREATE TRIGGER entry_in AFTER INSERT ON entry FOR EACH ROW
        UPDATE acc SET bal = bal + new.n WHERE id = new.acc;
      CREATE TRIGGER entry_out AFTER DELETE ON entry FOR EACH ROW
        UPDATE acc SET bal = bal - old.n WHERE id = old.acc;
      CREATE TRIGGER entry_change AFTER UPDATE ON entry FOR EACH ROW
      BEGIN
        UPDATE acc SET bal = bal - old.n WHERE id = old.acc;
        UPDATE acc SET bal = bal + new.n WHERE id = new.acc;
      END;
      CREATE TABLE supply (sku VARCHAR(10) PRIMARY KEY, amount INT NOT NULL CHECK (amount >= 0));
      CREATE TABLE take (id INT PRIMARY KEY, sku VARCHAR(10) NOT NULL, qty INT NOT NULL);
      CREATE TRIGGER take_in AFTER INSERT ON take FOR EACH ROW
        UPDATE supply SET amount = amount - new.qty WHERE sku = new.sku;
      CREATE TRIGGER take_out AFTER DELETE ON take FOR EACH ROW
        UPDATE supply SET amount = amount + old.qty WHERE sku = old.sku;
      CREATE TRIGGER take_change AFTER UPDATE ON take FOR EACH ROW
      BEGIN
        UPDATE supply SET amount = amount + old.qty WHERE sku = old.sku;
        UPDATE supply SET amount = amount - new.qty WHERE sku = new.sku;
      END;`,
    sqlite: `
      CREATE TABLE acc (id INT PRIMARY KEY, bal INT NOT NULL);
      CREATE TABLE entry (id INT PRIMARY KEY, acc INT NOT NULL, n INT NOT NULL);
      CREATE TRIGGER entry_in AFTER INSERT ON entry BEGIN
        UPDATE acc SET bal = bal + new.n WHERE id = new.acc;
      END;
      CREATE TRIGGER entry_out AFTER DELETE ON entry BEGIN
        UPDATE acc SET bal = bal - old.n WHERE id = old.acc;
      END;
      CREATE TRIGGER entry_change AFTER UPDATE ON entry BEGIN
        UPDATE acc SET bal = bal - old.n WHERE id = old.acc;
        UPDATE acc SET bal = bal + new.n WHERE id = new.acc;
      END;
      CREATE TABLE supply (sku VARCHAR(10) PRIMARY KEY, amount INT NOT NULL CHECK (amount >= 0));
      CREATE TABLE take (id INT PRIMARY KEY, sku VARCHAR(10) NOT NULL, qty INT NOT NULL);
      CREATE TRIGGER take_in AFTER INSERT ON take BEGIN
        UPDATE supply SET amount = amount - new.qty WHERE sku = new.sku;
      END;
      CREATE TRIGGER take_out AFTER DELETE ON take BEGIN
        UPDATE supply SET amount = amount + old.qty WHERE sku = old.sku;
      END;
      CREATE TRIGGER take_change AFTER UPDATE ON take BEGIN
        UPDATE supply SET amount = amount + old.qty WHERE sku = old.sku;
        UPDATE supply SET amount = amount - new.qty WHERE sku = new.sku;
      END;`,
  },
  seed: `
    INSERT INTO acc VALUES (1, 0), (2, 0);
    INSERT INTO entry VALUES (1, 1, 100), (2, 2, 50);
    INSERT INTO supply VALUES ('a', 100), ('b', 100);
    INSERT INTO take VALUES (1, 'a', 60), (2, 'b', 10), (3, 'b', 90);`,
  cases: [
    {
      title: 'a line of each sum that is added',
      work: everywhere([
        "INSERT INTO take VALUES (4, 'a', 1)",
        'INSERT INTO entry VALUES (3, 1, 10)',
      ]),
    },
    {
      title: 'a sum that is set back by hand',
      work: everywhere([
        ['INSERT INTO entry VALUES (3, 1, 10)', 'UPDATE acc SET bal = 100 WHERE id = 1'],
      ]),
    },
    {
      title: 'a sum that is set back by hand in another branch',
      work: everywhere([
        ['UPDATE entry SET n = 70 WHERE id = 1', 'INSERT INTO entry VALUES (3, 1, 10)'],
        ['UPDATE acc SET bal = 100 WHERE id = 1'],
        ['DELETE FROM entry WHERE id = 2', 'UPDATE acc SET bal = 50 WHERE id = 2'],
      ]),
    },
    {
      title: 'a line that takes what the sum has to have left',
      work: everywhere([['DELETE FROM take WHERE id = 1']]),
    },
    {
      title: 'lines that take all that the sum has, beside a change of the sum',
      work: everywhere([
        ['DELETE FROM take', "UPDATE supply SET amount = amount + 5 WHERE sku = 'b'"],
        ["INSERT INTO take VALUES (1, 'a', 100), (4, 'b', 105)"],
      ]),
    },
    {
      title: 'a line that moves to another sum',
      work: everywhere([
        ["UPDATE take SET sku = 'a' WHERE id = 2", 'UPDATE take SET qty = 90 WHERE id = 1'],
        'UPDATE take SET qty = 1 WHERE id = 3',
      ]),
    },
  ],
};
