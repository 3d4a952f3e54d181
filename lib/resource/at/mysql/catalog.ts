import type { SqlSession } from '../at-engine.interface.js';
import { INSISTING_MODE, PREFIX, TRIGGER_MODE } from './agreement.js';
import { isInsisting } from './labels.js';
import { queryRows } from './session.js';
import { placeholders } from './sql-text.js';
import type {
  Column,
  ExistingTrigger,
  ForeignKey,
  TableDefinition,
  UniqueIndex,
} from './table-definition.js';
import { ROW_END } from './table-definition.js';

/** Label of the outermost block of our triggers, which says what they were made from. */
const HASH_LABEL = /\bdtx_([0-9a-f]{16})\b/;

/** Every table of the session's database but ours. */
export async function tablesOf(session: SqlSession): Promise<readonly TableDefinition[]> {
  const foreignKeys = await queryRows(
    session,
    `${FOREIGN_KEYS} AND (k.table_schema = DATABASE() OR k.referenced_table_schema = DATABASE())
     ${FOREIGN_KEY_ORDER}`,
  );
  const triggers = grouped(await queryRows(session, TRIGGERS));
  return describe(session, foreignKeysOf(foreignKeys), triggers);
}

/**
 * The tables of the names, without their triggers. References from other databases are not looked
 * for: the server would have to open all tables of all databases.
 *
 * @param fromElsewhere those that are known
 */
export async function findTables(
  session: SqlSession,
  names: readonly string[],
  fromElsewhere: readonly ForeignKey[] = [],
): Promise<ReadonlyMap<string, TableDefinition>> {
  if (names.length === 0) return new Map();
  const foreignKeys = await queryRows(
    session,
    `${FOREIGN_KEYS} AND k.table_schema = DATABASE() ${FOREIGN_KEY_ORDER}`,
  );
  const all = [...foreignKeysOf(foreignKeys), ...fromElsewhere];
  const tables = await describe(session, all, new Map(), names);
  return new Map(tables.map((table) => [table.name, table]));
}

/** SEQUENCE, VIEW and the like are no tables that a trigger can stand on. */
const TABLES = `
SELECT table_schema AS \`schema\`, table_name AS name, coalesce(engine, '') AS engine
FROM information_schema.tables
WHERE table_schema = DATABASE() AND table_type IN ('BASE TABLE', 'SYSTEM VERSIONED')
  AND table_name NOT LIKE '${PREFIX.replace('_', '\\\\_')}%'`;

const COLUMNS = `
SELECT table_name AS tbl, column_name AS name, lower(data_type) AS type,
  column_type AS full_type, is_nullable AS nullable, extra AS extra,
  coalesce(generation_expression, '') AS expression, character_set_name AS charset,
  collation_name AS \`collation\`
FROM information_schema.columns WHERE table_schema = DATABASE()`;

const INDEXES = `
SELECT table_name AS tbl, index_name AS name, column_name AS col, sub_part AS part
FROM information_schema.statistics
WHERE table_schema = DATABASE() AND non_unique = 0`;

const FOREIGN_KEYS = `
SELECT k.constraint_name AS name, k.table_schema AS child_schema, k.table_name AS child,
  k.column_name AS child_column, k.referenced_table_schema AS parent_schema,
  k.referenced_table_name AS parent, k.referenced_column_name AS parent_column,
  r.delete_rule AS on_delete, r.update_rule AS on_update
FROM information_schema.key_column_usage k
JOIN information_schema.referential_constraints r
  ON r.constraint_schema = k.constraint_schema AND r.constraint_name = k.constraint_name
    AND r.table_name = k.table_name
WHERE k.referenced_table_name IS NOT NULL`;

const FOREIGN_KEY_ORDER = `
ORDER BY k.table_schema, k.table_name, k.constraint_name, k.ordinal_position`;

/**
 * Ours, and those that change rows before they are updated, in the order in which they fire. By the
 * schema of the table, which the server looks up; for the trigger's it reads them all.
 */
const TRIGGERS = `
SELECT event_object_table AS tbl, trigger_name AS name, sql_mode AS mode, action_statement AS body
FROM information_schema.triggers
WHERE event_object_schema = DATABASE() AND (trigger_name LIKE '${PREFIX.replace('_', '\\\\_')}%'
  OR (action_timing = 'BEFORE' AND event_manipulation = 'UPDATE'))
ORDER BY event_object_table, action_timing, event_manipulation, action_order`;

type Row = Readonly<Record<string, string | null>>;

async function describe(
  session: SqlSession,
  foreignKeys: readonly ForeignKey[],
  triggers: ReadonlyMap<string, readonly Row[]>,
  names?: readonly string[],
): Promise<readonly TableDefinition[]> {
  const only = names === undefined ? '' : `AND table_name IN (${placeholders(names)})`;
  const read = (text: string, order: string): Promise<readonly Row[]> =>
    queryRows(session, `${text} ${only} ${order}`, names ?? []);
  const tables = await read(TABLES, 'ORDER BY table_name');
  const columns = grouped(await read(COLUMNS, 'ORDER BY table_name, ordinal_position'));
  const indexes = grouped(await read(INDEXES, 'ORDER BY table_name, index_name, seq_in_index'));
  const spelled = foreignKeys.map((foreignKey) =>
    spelledAs(foreignKey, tables[0]?.['schema'] ?? '', columns),
  );
  return tables
    .map((row) => {
      const table = row['name'] ?? '';
      const schema = row['schema'] ?? '';
      const own = columns.get(table) ?? [];
      const ends = own.filter((column) => column['expression'] === ROW_END);
      // Of a table with system versioning each unique key has the end of the row in it, too.
      const unique = (indexes.get(table) ?? []).filter(
        (part) => !ends.some((column) => column['name'] === part['col']),
      );
      return {
        schema,
        name: table,
        engine: row['engine'] ?? '',
        columns: own.map(columnFrom),
        key: unique.filter((part) => part['name'] === 'PRIMARY').map((part) => part['col'] ?? ''),
        uniques: uniquesFrom(unique.filter((part) => part['name'] !== 'PRIMARY')),
        references: spelled.filter((f) => f.childSchema === schema && f.child === table),
        referrers: spelled.filter((f) => f.parentSchema === schema && f.parent === table),
        ...triggersFrom(triggers.get(table) ?? []),
      };
    })
    .sort((left, right) => (left.name < right.name ? -1 : 1));
}

function grouped(rows: readonly Row[]): ReadonlyMap<string, readonly Row[]> {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const table = row['tbl'] ?? '';
    const group = groups.get(table);
    if (group === undefined) groups.set(table, [row]);
    else group.push(row);
  }
  return groups;
}

function columnFrom(row: Row): Column {
  const extra = (row['extra'] ?? '').toUpperCase();
  return {
    name: row['name'] ?? '',
    dataType: row['type'] ?? '',
    columnType: row['full_type'] ?? '',
    isNullable: row['nullable'] === 'YES',
    // MySQL says DEFAULT_GENERATED of a default that is an expression.
    isGenerated:
      /\b(VIRTUAL|STORED|PERSISTENT) GENERATED\b/.test(extra) || (row['expression'] ?? '') !== '',
    expression: row['expression'] ?? '',
    notesUpdates: extra.includes('ON UPDATE'),
    charset: row['charset'] ?? undefined,
    collation: row['collation'] ?? undefined,
  };
}

function uniquesFrom(rows: readonly Row[]): readonly UniqueIndex[] {
  const names = [...new Set(rows.map((row) => row['name'] ?? ''))];
  return names.map((name) => {
    const own = rows.filter((row) => row['name'] === name);
    if (own.some((row) => row['col'] === null)) return { name, parts: [] };
    const parts = own.map((row) => ({
      column: row['col'] ?? '',
      length: row['part'] === null ? undefined : Number(row['part']),
    }));
    return { name, parts };
  });
}

function foreignKeysOf(rows: readonly Row[]): readonly ForeignKey[] {
  const found = new Map<string, ForeignKey>();
  for (const row of rows) {
    const id = JSON.stringify([row['child_schema'], row['child'], row['name']]);
    const known = found.get(id);
    found.set(id, {
      name: row['name'] ?? '',
      childSchema: row['child_schema'] ?? '',
      child: row['child'] ?? '',
      childColumns: [...(known?.childColumns ?? []), row['child_column'] ?? ''],
      parentSchema: row['parent_schema'] ?? '',
      parent: row['parent'] ?? '',
      parentColumns: [...(known?.parentColumns ?? []), row['parent_column'] ?? ''],
      onDelete: row['on_delete'] ?? '',
      onUpdate: row['on_update'] ?? '',
    });
  }
  return [...found.values()];
}

/**
 * The foreign key with names of columns as their tables have them: one that was made before its
 * parent, as a dump may do it, keeps them as they were written.
 */
function spelledAs(
  foreignKey: ForeignKey,
  schema: string,
  columns: ReadonlyMap<string, readonly Row[]>,
): ForeignKey {
  const { child, childColumns, childSchema, parent, parentColumns, parentSchema } = foreignKey;
  const spell = (place: string, table: string, names: readonly string[]): readonly string[] => {
    const known = place === schema ? (columns.get(table) ?? []) : [];
    const own = known.map((row) => row['name'] ?? '');
    return names.map(
      (name) => own.find((other) => other.toLowerCase() === name.toLowerCase()) ?? name,
    );
  };
  return {
    ...foreignKey,
    childColumns: spell(childSchema, child, childColumns),
    parentColumns: spell(parentSchema, parent, parentColumns),
  };
}

function triggersFrom(rows: readonly Row[]): Pick<TableDefinition, 'triggers' | 'changer'> {
  const isOurs = (row: Row): boolean => row['name']?.startsWith(PREFIX) === true;
  const changer = rows.findLast((row) => !isOurs(row));
  const place = changer === undefined ? -1 : rows.indexOf(changer);
  const triggers = rows.flatMap((row, index) => {
    if (!isOurs(row)) return [];
    const trigger = triggerFrom(row);
    // One that has the last word must stand behind those of the application.
    const isOvertaken = isInsisting(trigger.name) && index < place;
    return [isOvertaken ? { name: trigger.name, hash: undefined } : trigger];
  });
  return { triggers, ...(changer !== undefined && { changer: changer['name'] ?? '' }) };
}

function triggerFrom(row: Row): ExistingTrigger {
  // A trigger runs with the mode of the session that has created it.
  const isOurs = row['mode'] === (isInsisting(row['name'] ?? '') ? INSISTING_MODE : TRIGGER_MODE);
  const hash = isOurs ? HASH_LABEL.exec(row['body'] ?? '')?.[1] : undefined;
  return { name: row['name'] ?? '', hash };
}
