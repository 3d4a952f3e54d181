-- engine: mariadb
-- Types of MariaDB, composite keys, references of every kind, triggers, generated columns.

CREATE TABLE numbers (
  id BIGINT UNSIGNED PRIMARY KEY,
  tiny TINYINT, small SMALLINT UNSIGNED, medium MEDIUMINT, whole INT, big BIGINT,
  exact DECIMAL(10, 3), single FLOAT, `double` DOUBLE, bits BIT(9), year YEAR,
  twice BIGINT AS (whole * 2) PERSISTENT, half DOUBLE AS (whole / 2) VIRTUAL,
  UNIQUE (medium), UNIQUE (bits)
) ENGINE = InnoDB;

CREATE TABLE texts (
  id INT AUTO_INCREMENT PRIMARY KEY,
  free TEXT, name VARCHAR(20) COLLATE utf8mb4_general_ci NOT NULL UNIQUE,
  fixed CHAR(4) CHARACTER SET latin1 COLLATE latin1_bin, doc JSON,
  feeling ENUM('sad', 'ok', 'it''s ✓') NOT NULL DEFAULT 'ok', tags SET('a', 'b', 'c'),
  bytes VARBINARY(12), body MEDIUMBLOB, id16 UUID, ip INET6, place POINT
) ENGINE = InnoDB;

CREATE TABLE moments (
  day DATE, clock TIME(3), `at` DATETIME(6), instant TIMESTAMP(3) NULL,
  touched TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
  note VARCHAR(12),
  PRIMARY KEY (day, clock)
) ENGINE = InnoDB;

CREATE TABLE region (
  country CHAR(2), code ENUM('n', 's', 'w'), title VARCHAR(30) COLLATE utf8mb4_unicode_ci UNIQUE,
  PRIMARY KEY (country, code)
) ENGINE = InnoDB;

CREATE TABLE depot (
  id INT PRIMARY KEY,
  country CHAR(2), region ENUM('n', 's', 'w'),
  parent INT, label VARCHAR(20) NOT NULL, spot INT UNIQUE,
  changed DATETIME(3) ON UPDATE CURRENT_TIMESTAMP(3),
  UNIQUE (label),
  FOREIGN KEY (country, region) REFERENCES region (country, code) ON DELETE SET NULL,
  FOREIGN KEY (parent) REFERENCES depot (id)
) ENGINE = InnoDB;

CREATE TABLE bay (
  depot INT, number SMALLINT, `rank` INT NOT NULL, size INT NOT NULL DEFAULT 1 CHECK (size > 0),
  PRIMARY KEY (depot, number),
  UNIQUE (depot, `rank`),
  FOREIGN KEY (depot) REFERENCES depot (id) ON DELETE CASCADE
) ENGINE = InnoDB;

CREATE TABLE hall (id INT PRIMARY KEY, pallets INT NOT NULL DEFAULT 0) ENGINE = InnoDB;

-- No cascade leads to it: in AT mode it would fire these triggers, and by itself it does not.
CREATE TABLE pallet (
  id VARCHAR(12) COLLATE utf8mb4_bin PRIMARY KEY,
  depot INT, bay SMALLINT, weight DECIMAL(8, 2) NOT NULL, hall INT,
  FOREIGN KEY (hall) REFERENCES hall (id),
  FOREIGN KEY (depot, bay) REFERENCES bay (depot, number)
) ENGINE = InnoDB;

CREATE TABLE link (
  pallet VARCHAR(12) COLLATE utf8mb4_bin, `text` INT,
  PRIMARY KEY (pallet, `text`),
  FOREIGN KEY (pallet) REFERENCES pallet (id) ON DELETE CASCADE,
  FOREIGN KEY (`text`) REFERENCES texts (id) ON DELETE CASCADE
) ENGINE = InnoDB;

CREATE TABLE journal (id INT AUTO_INCREMENT PRIMARY KEY, line VARCHAR(60)) ENGINE = InnoDB;

DELIMITER //
CREATE TRIGGER pallet_note AFTER UPDATE ON pallet FOR EACH ROW
BEGIN
  IF NOT (OLD.weight <=> NEW.weight) THEN
    INSERT INTO journal (line) VALUES (CONCAT('weight of ', NEW.id));
  END IF;
  IF NOT (OLD.hall <=> NEW.hall) THEN
    UPDATE hall SET pallets = pallets - 1 WHERE id = OLD.hall;
    UPDATE hall SET pallets = pallets + 1 WHERE id = NEW.hall;
  END IF;
END//
CREATE TRIGGER pallet_new AFTER INSERT ON pallet FOR EACH ROW
BEGIN
  UPDATE hall SET pallets = pallets + 1 WHERE id = NEW.hall;
END//
CREATE TRIGGER pallet_gone AFTER DELETE ON pallet FOR EACH ROW
BEGIN
  UPDATE hall SET pallets = pallets - 1 WHERE id = OLD.hall;
END//
DELIMITER ;

INSERT INTO numbers (id, tiny, small, medium, whole, big, exact, single, `double`, bits, year)
VALUES
  (1, 1, 1, 1, 1, -1, 1.100, 0.1, 0.1, b'1', 2024),
  (18446744073709551615, -128, 65535, NULL, NULL, 9223372036854775807, -0.001, 1e10, -0.0,
    NULL, 0),
  (3, NULL, NULL, 3, 0, NULL, NULL, NULL, NULL, b'111111111', NULL);
INSERT INTO texts (name, free, fixed, doc, feeling, tags, bytes, id16, ip, place) VALUES
  ('Ada', 'ä', 'x', '{"a": [1, null]}', 'sad', 'a,c', x'00ff', UUID(), '::1', POINT(1, 2)),
  ('ben', '', NULL, NULL, 'ok', '', '', NULL, NULL, NULL),
  ('Çid', NULL, 'aB', '[]', 'it''s ✓', NULL, NULL, UUID(), 'fe80::1', NULL);
INSERT INTO moments (day, clock, `at`, instant, touched, note) VALUES
  ('2024-02-29', '12:00:00.5', '2024-03-31 02:30:00.000001', '2024-10-27 00:30:00',
    '2001-01-01', 'a'),
  ('1000-01-01', '-838:59:59', NULL, NULL, '2001-01-01', NULL);
INSERT INTO region VALUES ('DE', 'n', 'Nord'), ('DE', 's', 'Süd'), ('FR', 'w', NULL);
INSERT INTO depot VALUES
  (1, 'DE', 'n', NULL, 'One', 10, NULL), (2, 'DE', 's', 1, 'Two', 20, '2001-01-01'),
  (3, 'FR', 'w', 1, 'Three', NULL, NULL), (4, NULL, NULL, 3, 'Four', 40, NULL),
  (5, 'DE', 'n', NULL, 'Five', 50, NULL);
INSERT INTO bay (depot, number, `rank`) VALUES
  (1, 1, 1), (1, 2, 2), (2, 1, 1), (2, 2, 2), (3, 1, 1), (3, 2, 2), (5, 1, 1), (5, 2, 2);
INSERT INTO hall (id) VALUES (1), (2), (3);
INSERT INTO pallet VALUES
  ('p1', 1, 1, 1.50, 1), ('p2', 1, 2, 2.50, 1), ('P2', 2, 1, 3.50, 2),
  ('p4', NULL, NULL, 4.50, NULL);
INSERT INTO link VALUES ('p1', 1), ('p1', 2), ('p2', 3), ('P2', 1);
