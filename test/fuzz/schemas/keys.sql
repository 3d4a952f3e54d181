-- engine: postgres
-- Composite keys, references and unique values of every kind, triggers with side effects.

CREATE TABLE region (
  country char(2) NOT NULL, code text NOT NULL, title text UNIQUE, updated_at timestamptz,
  PRIMARY KEY (country, code)
);

CREATE TABLE depot (
  id int PRIMARY KEY,
  country char(2) DEFAULT 'XX', region text DEFAULT 'none',
  parent int REFERENCES depot ON DELETE CASCADE ON UPDATE CASCADE,
  twin int UNIQUE REFERENCES depot ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED,
  label text NOT NULL,
  FOREIGN KEY (country, region) REFERENCES region ON UPDATE CASCADE ON DELETE SET DEFAULT
);
CREATE UNIQUE INDEX depot_label ON depot (lower(label));
CREATE INDEX ON depot (parent);

CREATE TABLE bay (
  depot int NOT NULL REFERENCES depot ON DELETE CASCADE ON UPDATE CASCADE,
  number smallint NOT NULL,
  rank int NOT NULL,
  blocked boolean NOT NULL DEFAULT false,
  PRIMARY KEY (depot, number),
  UNIQUE (depot, rank) DEFERRABLE INITIALLY DEFERRED
);
CREATE UNIQUE INDEX one_blocked_bay ON bay (depot) WHERE blocked;

CREATE TABLE pallet (
  id text PRIMARY KEY,
  depot int, bay smallint,
  slot int UNIQUE,
  weight numeric(8, 2) NOT NULL CHECK (weight > 0),
  FOREIGN KEY (depot, bay) REFERENCES bay ON DELETE SET NULL ON UPDATE CASCADE
);

CREATE TABLE item (
  pallet text REFERENCES pallet ON DELETE CASCADE ON UPDATE CASCADE,
  position int,
  goes_before int,
  name text NOT NULL,
  PRIMARY KEY (pallet, position),
  FOREIGN KEY (pallet, goes_before) REFERENCES item ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED
);

CREATE TABLE reservation (
  id int PRIMARY KEY,
  pallet text NOT NULL REFERENCES pallet ON DELETE RESTRICT ON UPDATE CASCADE,
  during int4range NOT NULL,
  code text,
  UNIQUE (code)
);
CREATE TABLE statistics (
  depot int PRIMARY KEY REFERENCES depot ON DELETE CASCADE ON UPDATE CASCADE,
  bays int NOT NULL DEFAULT 0
);

CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
  NEW.updated_at := clock_timestamp();
  RETURN NEW;
END $body$;
CREATE TRIGGER touch BEFORE INSERT OR UPDATE ON region FOR EACH ROW EXECUTE FUNCTION touch();

CREATE FUNCTION count_bays() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
  IF TG_OP <> 'INSERT' THEN
    UPDATE statistics SET bays = bays - 1 WHERE depot = OLD.depot;
  END IF;
  IF TG_OP <> 'DELETE' THEN
    INSERT INTO statistics VALUES (NEW.depot, 1)
    ON CONFLICT (depot) DO UPDATE SET bays = statistics.bays + 1;
  END IF;
  RETURN NULL;
END $body$;
CREATE TRIGGER count_bays AFTER INSERT OR DELETE OR UPDATE OF depot ON bay
  FOR EACH ROW EXECUTE FUNCTION count_bays();

INSERT INTO region VALUES
  ('XX', 'none', 'nowhere'), ('DE', 'be', 'Berlin'), ('DE', 'hh', 'Hamburg'),
  ('FR', 'idf', 'Paris'), ('FR', 'naq', 'Bordeaux'), ('IT', 'laz', 'Roma'), ('IT', 'lom', NULL);
INSERT INTO depot VALUES
  (1, 'DE', 'be', NULL, NULL, 'One'), (2, 'DE', 'hh', 1, NULL, 'Two'),
  (3, 'FR', 'idf', 1, NULL, 'Three'),
  (4, 'FR', 'naq', 2, 1, 'Four'), (5, 'IT', 'laz', 2, 2, 'Five'), (6, NULL, NULL, 5, 3, 'Six'),
  (7, 'IT', 'lom', 5, 4, 'Seven'), (8, 'XX', 'none', NULL, 5, 'Eight');
INSERT INTO bay SELECT d, b, b * 10, b = 1 FROM generate_series(1, 8) d, generate_series(1, 3) b;
INSERT INTO pallet SELECT 'p' || n, n % 8 + 1, n % 3 + 1, CASE WHEN n % 4 > 0 THEN n END, n * 1.5
FROM generate_series(1, 24) n;
INSERT INTO item SELECT 'p' || p, i, CASE WHEN i > 1 THEN i - 1 END, 'item ' || i
FROM generate_series(1, 24) p, generate_series(1, 3) i;
INSERT INTO reservation
  SELECT n, 'p' || n, int4range(n, n + 5), CASE WHEN n % 3 > 0 THEN 'c' || n END
FROM generate_series(1, 12) n;
