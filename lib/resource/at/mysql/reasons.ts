const REASONS: Readonly<Record<string, (table: string) => string>> = {
  'no-key': (table) =>
    `${table} has no primary key, so its rows could not be found again to undo a change. Add one ` +
    `(ALTER TABLE ${table} ADD PRIMARY KEY ...), or write to it outside of the global transaction.`,
  engine: (table) =>
    `${table} is not an InnoDB table, so not even a local rollback would undo a change. Convert ` +
    `it (ALTER TABLE ${table} ENGINE = InnoDB), or write to it outside of the global transaction.`,
  type: (table) =>
    `${table} has a column of a type that cannot be captured exactly. Write to it outside of the ` +
    `global transaction.`,
  'too-long': (table) =>
    `a row of ${table} is too long to be kept for an undo: as text it exceeds ` +
    `max_allowed_packet of the server. Raise that setting.`,
  cascade: (table) =>
    `a foreign key would delete or change further rows of ${table}, or of another database, ` +
    `where no trigger can capture them. Delete or change those rows first.`,
  key: (table) =>
    `a foreign key would carry the new key of a row of ${table} on to the rows that refer to it, ` +
    `where no trigger can capture that. Insert a row with the new key, move the rows over, and ` +
    `delete the old one.`,
};

/** Why a write is refused, and what to do, from what a trigger says about it. */
export function refusalReason(reason: string, table: string): string {
  return REASONS[reason]?.(table) ?? `${table} cannot be captured (${reason}).`;
}
