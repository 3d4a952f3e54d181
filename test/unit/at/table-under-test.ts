import type {
  Column,
  TableDefinition,
} from '../../../lib/resource/at/postgres/table-definition.js';

/** A column of a type of the system; anything else about it can be said. */
export function column(name: string, type: string, more: Partial<Column> = {}): Column {
  return {
    name,
    type: `pg_catalog.${type}`,
    scalarSchema: 'pg_catalog',
    scalarType: `pg_catalog.${type}`,
    scalarKind: 'b',
    isArray: false,
    generated: '',
    identity: '',
    isDeterministic: true,
    ...more,
  };
}

/** An ordinary table with a key and a text, on which nothing is installed yet. */
export function table(more: Partial<TableDefinition> = {}): TableDefinition {
  return {
    name: 'public.account',
    kind: 'r',
    isPartition: false,
    columns: [column('id', 'int4'), column('owner', 'text')],
    key: ['id'],
    missingPrivileges: [],
    hidesRows: false,
    triggers: [],
    hasForeignTriggers: false,
    hasForeignBeforeTriggers: false,
    cascadingReferences: [],
    uniqueIndexes: [],
    references: [],
    referrers: [],
    ...more,
  };
}
