-- engine: sqlite
-- Values of every type, WITHOUT ROWID and STRICT, partial indexes, references of every kind.

CREATE TABLE anything (k NOT NULL PRIMARY KEY, v UNIQUE, n NUMERIC, r REAL, b BLOB, t TEXT);

CREATE TABLE fixed (
  id INT NOT NULL PRIMARY KEY, a ANY, b BLOB, t TEXT, r REAL,
  length INT GENERATED ALWAYS AS (length(t)) STORED
) STRICT;

CREATE TABLE customer (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  email TEXT COLLATE NOCASE NOT NULL UNIQUE, name, seat INT UNIQUE,
  created TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP, orders INT NOT NULL DEFAULT 0
);

CREATE TABLE address (
  customer INT NOT NULL REFERENCES customer ON DELETE CASCADE ON UPDATE CASCADE,
  number INT NOT NULL, city TEXT COLLATE RTRIM,
  PRIMARY KEY (customer, number)
) WITHOUT ROWID;
CREATE UNIQUE INDEX address_first ON address (customer) WHERE number = 1;

CREATE TABLE product (
  sku TEXT NOT NULL PRIMARY KEY, price NUMERIC NOT NULL CHECK (price >= 0),
  label AS (sku || ' ' || price) VIRTUAL
);

CREATE TABLE orders (
  id INTEGER PRIMARY KEY, customer INT REFERENCES customer ON DELETE SET NULL,
  parent INT REFERENCES orders ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
  state TEXT NOT NULL DEFAULT 'open', note
);

CREATE TABLE line (
  orders INT REFERENCES orders ON DELETE CASCADE, position INT NOT NULL,
  sku TEXT REFERENCES product (sku) ON UPDATE CASCADE, amount INT NOT NULL,
  PRIMARY KEY (orders, position), UNIQUE (orders, sku)
);

CREATE TABLE journal (id INTEGER PRIMARY KEY, line TEXT);

CREATE TRIGGER order_counted AFTER INSERT ON orders BEGIN
  UPDATE customer SET orders = orders + 1 WHERE id = NEW.customer;
END;
CREATE TRIGGER order_gone AFTER DELETE ON orders BEGIN
  UPDATE customer SET orders = orders - 1 WHERE id = OLD.customer;
END;
CREATE TRIGGER order_moved AFTER UPDATE OF customer ON orders BEGIN
  UPDATE customer SET orders = orders - CASE WHEN id = OLD.customer THEN 1 ELSE 0 END
    + CASE WHEN id = NEW.customer THEN 1 ELSE 0 END
  WHERE id IN (OLD.customer, NEW.customer) AND OLD.customer IS NOT NEW.customer;
END;
CREATE TRIGGER price_noted AFTER UPDATE OF price ON product BEGIN
  INSERT INTO journal (line) VALUES ('price of ' || NEW.sku);
END;

INSERT INTO anything VALUES
  (1, 'a', 1, 1.0, x'00', 'x'), ('1', 'b', 1.5, NULL, 'no bytes', ''),
  (1.5, NULL, 'x', -0.0, NULL, 5),
  (x'31', 9223372036854775807, 9e999, 0.1, x'', 'ünïcödé');
INSERT INTO fixed (id, a, b, t, r) VALUES (1, 1, x'00', 'a', 1.0), (2, 'x', NULL, NULL, NULL);
INSERT INTO customer (email, name, seat, orders) VALUES
  ('Ada@x', 'Ada', 1, 2), ('ben@x', x'ff', 2, 1), ('cid@x', NULL, NULL, 0), ('eve@x', 5, 4, 0);
INSERT INTO address VALUES (1, 1, 'Köln'), (1, 2, NULL), (2, 1, 'x '), (3, 7, '');
INSERT INTO product (sku, price) VALUES ('A1', 1.5), ('a1', 2), ('b', 0), ('ü', 1e10);
INSERT INTO orders (id, customer, parent, note) VALUES
  (1, 1, NULL, 'first'), (2, 1, 1, NULL), (3, 2, 1, x'00ff'), (4, NULL, 3, 4.5);
INSERT INTO line VALUES
  (1, 1, 'A1', 1), (1, 2, 'b', 2), (2, 1, 'A1', 3), (3, 1, NULL, 4), (4, 1, 'ü', 5);
