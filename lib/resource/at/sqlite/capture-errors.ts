import type { LockConflict } from '../../../protocol/index.js';

/** A row is held. Thrown by a function that a trigger calls, so SQLite undoes the statement. */
export class RowHeldError extends Error {
  override readonly name = 'RowHeldError';
  /** Beside the codes of SQLite, which never look like this. */
  readonly code: string;

  constructor(
    readonly conflict: LockConflict,
    { isOutside }: { readonly isOutside: boolean },
  ) {
    const { holderXid, key, table } = conflict;
    super(`row ${key} of ${table} is held by global transaction ${holderXid}`);
    this.code = isOutside ? 'SE002' : 'SE001';
  }
}

/** The write could not be undone. */
export class WriteRefusedError extends Error {
  override readonly name = 'WriteRefusedError';
  readonly code = 'SE003';
}

/** Phase two came first. */
export class TombstoneError extends Error {
  override readonly name = 'TombstoneError';
  readonly code = 'SE004';
}
