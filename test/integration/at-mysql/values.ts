/** A type, a value of it in SQL, and what it is about. */
export interface Value {
  readonly title: string;
  readonly type: string;
  readonly value: string;
}

const value = (title: string, type: string, sql: string): Value => ({ title, type, value: sql });

/** Zero dates and the like need `sql_mode = ''` to be written. */
export const VALUES: readonly Value[] = [
  value('BIGINT minimum', 'bigint', '-9223372036854775808'),
  value('BIGINT UNSIGNED maximum', 'bigint unsigned', '18446744073709551615'),
  value('DECIMAL(30,10)', 'decimal(30,10)', '-12345678901234567890.0123456789'),
  value('DOUBLE 0.1 + 0.2', 'double', '0.1e0 + 0.2e0'),
  value('DOUBLE smallest', 'double', '2.2250738585072014e-308'),
  value('DOUBLE minus zero', 'double', '-0e0'),
  value('FLOAT 16777217.25', 'float', '16777217.25'),
  value('FLOAT 0.1', 'float', '0.1'),
  value('FLOAT(10,3)', 'float(10,3)', '1234.567'),
  value('INT ZEROFILL', 'int(8) zerofill', '42'),
  value('TINYINT(1)', 'tinyint(1)', '2'),
  value('BOOLEAN', 'boolean', 'true'),
  value('BIT(1)', 'bit(1)', "b'1'"),
  value('BIT(64)', 'bit(64)', "x'FEDCBA9876543210'"),
  value('YEAR', 'year', '2155'),
  value('DATE', 'date', "'9999-12-31'"),
  value('zero DATE', 'date NOT NULL', "'0000-00-00'"),
  value('zero month in a DATE', 'date', "'2020-00-00'"),
  value('DATETIME(6)', 'datetime(6)', "'2020-02-29 23:59:59.999999'"),
  value('zero DATETIME', 'datetime', "'0000-00-00 00:00:00'"),
  value('DATETIME inside a gap of summer time', 'datetime', "'2024-03-31 02:30:00'"),
  value('TIMESTAMP(6)', 'timestamp(6) NULL', 'FROM_UNIXTIME(1729989000.123456)'),
  value(
    'TIMESTAMP an hour later, at the end of summer time',
    'timestamp(6) NULL',
    'FROM_UNIXTIME(1729992600.123456)',
  ),
  value('zero TIMESTAMP', 'timestamp NOT NULL DEFAULT 0', "'0000-00-00 00:00:00'"),
  value('zero TIMESTAMP(6)', 'timestamp(6) NULL', "'0000-00-00 00:00:00'"),
  value(
    'TIMESTAMP that is set by every update',
    'timestamp NULL DEFAULT NULL ON UPDATE CURRENT_TIMESTAMP',
    'FROM_UNIXTIME(1)',
  ),
  value('TIME(6) negative maximum', 'time(6)', "'-838:59:59.000000'"),
  value('padded CHAR', 'char(10)', "'ab'"),
  value('trailing blanks', 'varchar(20)', "'ab  '"),
  value(
    'utf8mb4 with NUL, quotes and emoji',
    'varchar(40) CHARACTER SET utf8mb4',
    "CONVERT(x'6100F09F98802722E282AC5C' USING utf8mb4)",
  ),
  value('latin1', 'varchar(20) CHARACTER SET latin1', "CONVERT(x'E4F6FC80' USING latin1)"),
  value('utf8mb4_bin', 'varchar(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin', "'Ab '"),
  value('sjis', 'varchar(20) CHARACTER SET sjis', "CONVERT(x'835C94CA' USING sjis)"),
  value('BINARY', 'binary(4)', "x'0020FF00'"),
  value('VARBINARY', 'varbinary(10)', "x'275C00FF20'"),
  value('BLOB', 'blob', "x'00FFFE2C7E'"),
  value('BLOB like UTF-8', 'blob', "x'C3A4C3B6'"),
  value('LONGTEXT', 'longtext', "REPEAT('äx,', 40000)"),
  value('empty TEXT', 'text', "''"),
  value('ENUM with a quote', "enum('a','b''c','')", "'b''c'"),
  value('ENUM empty member', "enum('a','')", "''"),
  value('ENUM no member', "enum('a','b')", "'zzz'"),
  value('SET with a blank', "set('a b','c','d')", "'a b,d'"),
  value('JSON', 'json', `'{"a" : 1.10, "b":[1,  2], "a":12345678901234567890}'`),
  value('JSON null', 'json', "'null'"),
  value('POINT with SRID', 'point', 'ST_GeomFromText("POINT(1.5 2)", 4326)'.replaceAll('"', "'")),
  value('GEOMETRY', 'geometry', "ST_GeomFromText('POLYGON((0 0,1 0,1 1,0 0))')"),
  value('UUID', 'uuid', "'123e4567-e89b-12d3-a456-426655440000'"),
  value('INET6', 'inet6', "'2001:db8::ff00:42:8329'"),
  value('text that looks like NULL in an image', 'varchar(5)', "'~'"),
  value('NULL', 'int', 'NULL'),
];
