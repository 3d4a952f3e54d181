import type { SessionStore } from '../../lib/coordinator/index.js';

export const ENGINES = ['sqlite', 'postgres', 'mariadb'] as const;

export type EngineName = (typeof ENGINES)[number];

/** A database whose commits survive a loss of power. */
export interface Engine {
  /** Opens the coordinator's store of that name; a new one is empty. */
  openStore(name: string): Promise<SessionStore>;
  /** Opens a store of that name as a program would that writes every record by itself. */
  openWriter(name: string): Promise<RecordWriter>;
  /** Stops the server and removes the data. Close everything else before. */
  close(): Promise<void>;
}

/** One connection without a coordinator. */
export interface RecordWriter {
  /**
   * Writes all records of a transaction, one after the other, each in a durable commit of its own
   * and with the condition under which the coordinator writes it.
   */
  writeLife(xid: string): Promise<void>;
  close(): Promise<void>;
}
