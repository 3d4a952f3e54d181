/** What each of the services is told at its start. */
export interface ServiceOptions {
  /** Its own database. */
  readonly databaseUrl: string;
  /** The coordinator's file. Services of one process that name the same file share one. */
  readonly coordinatorStore: string;
}
