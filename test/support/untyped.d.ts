/** The package brings no types. */
declare module 'pg-cursor' {
  import type { Submittable } from 'pg';

  export default class Cursor implements Submittable {
    constructor(text: string, values?: readonly unknown[]);
    submit(connection: unknown): void;
    read(count: number): Promise<readonly unknown[]>;
    close(): Promise<void>;
  }
}

/** The only way to a client of Knex with a driver of one's own. */
declare module 'knex/lib/dialects/mysql2/index.js' {
  import type { Knex } from 'knex';

  const Client: new (config: Knex.Config) => Knex.Client;
  export default Client;
}
