import { splitStatements as ofMariadb } from './mariadb/split-statements.js';
import { splitStatements as ofPostgres } from './postgres/split-statements.js';
import { splitStatements as ofSqlite } from './sqlite/split-statements.js';

describe('A file of MariaDB', () => {
  it('ends a statement at its semicolon, and not inside of strings, names and comments', () => {
    const sql = `-- one; two\nSELECT 'a;\\';b', "c;", \`d;\` /* ; */; # three;\nSELECT 2`;

    expect(ofMariadb(sql)).toEqual([
      { line: 2, text: `SELECT 'a;\\';b', "c;", \`d;\` /* ; */` },
      { line: 3, text: 'SELECT 2' },
    ]);
  });

  it('ends it with what DELIMITER says', () => {
    const sql =
      'DELIMITER //\nCREATE PROCEDURE p() BEGIN SELECT 1; SELECT 2; END//\n' +
      'delimiter ;\nSELECT 3;';

    expect(ofMariadb(sql)).toEqual([
      { line: 2, text: 'CREATE PROCEDURE p() BEGIN SELECT 1; SELECT 2; END' },
      { line: 4, text: 'SELECT 3' },
    ]);
  });

  it('keeps comments that the server runs', () => {
    const sql = '/* not this */ /*!40101 SET NAMES utf8mb4 */;\n/*M!100000 SET @a = 1 */;';

    expect(ofMariadb(sql)).toEqual([
      { line: 1, text: '/*!40101 SET NAMES utf8mb4 */' },
      { line: 2, text: '/*M!100000 SET @a = 1 */' },
    ]);
  });
});

describe('A file of SQLite', () => {
  it('ends a statement at its semicolon, and not inside of strings, names and comments', () => {
    const sql = `-- one; two\nSELECT 'a;''b', "c;", [d;], \`e;\` /* ; */;\nSELECT 2`;

    expect(ofSqlite(sql)).toEqual([
      { line: 2, text: `SELECT 'a;''b', "c;", [d;], \`e;\` /* ; */` },
      { line: 3, text: 'SELECT 2' },
    ]);
  });

  it('keeps the body of a trigger together', () => {
    const trigger =
      'CREATE TRIGGER t AFTER INSERT ON a BEGIN ' +
      'UPDATE b SET n = CASE WHEN n > 1 THEN 1 ELSE 2 END; DELETE FROM c; END';

    expect(ofSqlite(`${trigger};\nBEGIN;\nSELECT 1;`)).toEqual([
      { line: 1, text: trigger },
      { line: 2, text: 'BEGIN' },
      { line: 3, text: 'SELECT 1' },
    ]);
  });
});

describe('A file of PostgreSQL', () => {
  it('ends a statement at its semicolon, and not inside of strings, names and bodies', () => {
    const body = 'CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $b$ SELECT 1; SELECT 2; $b$';

    expect(ofPostgres(`/* a; /* b; */ */ ${body};\nSELECT E'a\\';b', "c;"`)).toEqual([
      { line: 1, text: body },
      { line: 2, text: `SELECT E'a\\';b', "c;"` },
    ]);
  });
});
