import type { DtxModuleOptions } from 'nestjs-dtx';

/** What each of the services is told at its start. */
export interface ServiceOptions {
  /** Its own database. */
  readonly databaseUrl: string;
  /**
   * Embedded: services of one process that name the same store share one. Or the address of a
   * coordinator that runs by itself.
   */
  readonly coordinator: NonNullable<DtxModuleOptions['coordinator']>;
}
