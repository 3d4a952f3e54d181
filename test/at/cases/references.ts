import type { CaseGroup } from '../work.js';
import { everywhere } from '../work.js';

const NO_KEY_CASCADE = { not: 'it is refused, since no trigger sees the cascade' };
const NO_TREE = { not: 'it is refused, since no trigger may delete from its own table' };

/** What foreign keys do by themselves, and what they forbid. */
export const REFERENCES: CaseGroup = {
  title: 'foreign keys',
  tables: ['page', 'book', 'loan', 'author', 'city', 'country', 'node'],
  schema: everywhere(`
    CREATE TABLE author (id INT PRIMARY KEY, email VARCHAR(40) UNIQUE);
    CREATE TABLE book (id INT PRIMARY KEY, title VARCHAR(40), author INT,
      FOREIGN KEY (author) REFERENCES author (id) ON UPDATE CASCADE ON DELETE CASCADE);
    CREATE TABLE page (book INT NOT NULL, n INT NOT NULL, txt VARCHAR(40), PRIMARY KEY (book, n),
      FOREIGN KEY (book) REFERENCES book (id) ON UPDATE CASCADE ON DELETE CASCADE);
    CREATE TABLE loan (id INT PRIMARY KEY, author INT,
      FOREIGN KEY (author) REFERENCES author (id) ON UPDATE CASCADE ON DELETE SET NULL);
    CREATE TABLE country (code VARCHAR(5) PRIMARY KEY, name VARCHAR(40) NOT NULL UNIQUE);
    CREATE TABLE city (id INT PRIMARY KEY, country VARCHAR(5) NOT NULL,
      FOREIGN KEY (country) REFERENCES country (code) ON UPDATE CASCADE);
    CREATE TABLE node (id INT PRIMARY KEY, parent INT,
      FOREIGN KEY (parent) REFERENCES node (id) ON DELETE CASCADE)`),
  seed: `
    INSERT INTO author VALUES (1, 'a@x'), (2, 'b@x'), (3, NULL);
    INSERT INTO book VALUES (1, 'one', 1), (2, 'two', 1), (3, 'three', 2), (4, 'anonymous', NULL);
    INSERT INTO page VALUES (1, 1, 'it begins'), (1, 2, 'goes on'), (3, 1, 'and ends');
    INSERT INTO loan VALUES (1, 1), (2, 1), (3, 2);
    INSERT INTO country VALUES ('de', 'Germany'), ('fr', 'France');
    INSERT INTO city VALUES (1, 'de'), (2, 'fr'), (3, 'de');
    INSERT INTO node VALUES (1, NULL), (2, 1), (3, 2), (4, 2);`,
  cases: [
    {
      title: 'a delete that cascades over two tables, and sets a third to NULL',
      work: everywhere(['DELETE FROM author WHERE id = 1']),
    },
    {
      title: 'a delete of everything that cascades',
      work: everywhere(['DELETE FROM author']),
    },
    {
      title: 'a change of a key that cascades over two tables',
      work: {
        ...everywhere([
          'UPDATE author SET id = 7 WHERE id = 1',
          'UPDATE book SET id = 9 WHERE id = 1',
        ]),
        mariadb: NO_KEY_CASCADE,
      },
    },
    {
      title: 'a change of a key that cascades, with another unique column',
      work: {
        ...everywhere([`UPDATE country SET code = 'ger' WHERE code = 'de'`]),
        mariadb: NO_KEY_CASCADE,
      },
    },
    {
      title: 'a delete that cascades to rows that the same transaction has changed',
      work: everywhere([
        `UPDATE book SET title = 'changed' WHERE id = 1`,
        `INSERT INTO page VALUES (1, 3, 'new')`,
        ['UPDATE loan SET author = 2 WHERE id = 2', 'DELETE FROM author WHERE id = 1'],
      ]),
    },
    {
      title: 'a delete that cascades, and the same rows again',
      work: everywhere([
        [
          'DELETE FROM author WHERE id = 2',
          `INSERT INTO author VALUES (2, 'other')`,
          `INSERT INTO book VALUES (3, 'other', 2)`,
          `INSERT INTO page VALUES (3, 1, 'other')`,
        ],
      ]),
    },
    {
      title: 'a tree that is felled and one that is planted',
      work: {
        ...everywhere([
          'DELETE FROM node WHERE id = 1',
          'INSERT INTO node VALUES (8, NULL), (9, 8)',
        ]),
        mariadb: NO_TREE,
      },
    },
    {
      title: 'a branch of a tree that moves',
      work: {
        ...everywhere([
          ['UPDATE node SET parent = 1 WHERE id = 4', 'DELETE FROM node WHERE id = 2'],
        ]),
        mariadb: NO_TREE,
      },
    },
    {
      title: 'a child that is changed first and then given a new parent',
      work: everywhere([
        [
          `UPDATE book SET title = 'renamed' WHERE id = 1`,
          `INSERT INTO author VALUES (5, 'new@x')`,
          'UPDATE book SET author = 5 WHERE id = 1',
        ],
      ]),
    },
    {
      title: 'parents and children that are inserted in several branches',
      work: everywhere([
        `INSERT INTO author VALUES (5, 'e@x')`,
        [`INSERT INTO book VALUES (5, 'five', 5)`],
        `INSERT INTO page VALUES (5, 1, 'x')`,
      ]),
    },
    {
      title: 'children before their parents that are deleted in several branches',
      work: everywhere([
        "DELETE FROM city WHERE country = 'fr'",
        [`DELETE FROM country WHERE code = 'fr'`],
      ]),
    },
  ],
};
