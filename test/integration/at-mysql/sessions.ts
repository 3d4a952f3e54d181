/** Settings that change how values look as text, or how texts are read. */
const HOSTILE = [
  "time_zone = '+05:45'",
  'div_precision_increment = 0',
  "character_set_results = 'latin1'",
  "collation_connection = 'latin1_german2_ci'",
  "lc_time_names = 'ja_JP'",
  'sql_safe_updates = 1',
  'sql_select_limit = 1',
  "sql_mode = 'ANSI_QUOTES,PIPES_AS_CONCAT,PAD_CHAR_TO_FULL_LENGTH,NO_BACKSLASH_ESCAPES'",
].join(', ');

/**
 * A zone whose clock shows 02:30 twice, at two of the values. Its name comes last and at most once:
 * test files share a server, and a zone is kept as it was at its first use.
 */
export const TIME_ZONE = `
  INSERT INTO mysql.time_zone () VALUES ();
  SET @zone = LAST_INSERT_ID();
  INSERT INTO mysql.time_zone_transition_type VALUES
    (@zone, 0, 3600, 0, 'CET'), (@zone, 1, 7200, 1, 'CEST');
  INSERT INTO mysql.time_zone_transition VALUES
    (@zone, 1711846800, 1), (@zone, 1729990800, 0);
  INSERT IGNORE INTO mysql.time_zone_name VALUES ('Dtx/Summer', @zone);`;

const SUMMER = "sql_mode = '', time_zone = 'Dtx/Summer'";

const WIDE = "character_set_connection = 'utf16', time_zone = '-12:00', sql_mode = 'ORACLE'";

/** Sessions of applications and of phase two may have any settings, and need not have the same. */
export const SESSIONS = [
  { title: 'plain sessions', writer: "sql_mode = ''", undoer: undefined },
  { title: 'a hostile session that writes', writer: HOSTILE, undoer: undefined },
  { title: 'a hostile session that undoes', writer: "sql_mode = ''", undoer: HOSTILE },
  { title: 'a zone with summer time', writer: SUMMER, undoer: SUMMER },
  { title: 'hostile sessions', writer: WIDE, undoer: HOSTILE },
];
