import type pg from 'pg';

/** Keeps what the records do not: every change of a status, and writes that go back. */
const TABLES: readonly string[] = [
  `CREATE TABLE public.witness (
  place bigint GENERATED ALWAYS AS IDENTITY,
  xid text NOT NULL,
  status text NOT NULL,
  went_back boolean NOT NULL
)`,
  `CREATE FUNCTION public.witness_session() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO public.witness (xid, status, went_back)
  VALUES (NEW.xid, NEW.status, NEW.version < OLD.version OR NEW.epoch < OLD.epoch);
  RETURN NULL;
END $$`,
  `CREATE TRIGGER witness AFTER UPDATE ON dtx_coordinator.session FOR EACH ROW
   WHEN (OLD.status IS DISTINCT FROM NEW.status
     OR NEW.version < OLD.version OR NEW.epoch < OLD.epoch)
   EXECUTE FUNCTION public.witness_session()`,
];

export interface SessionRow {
  readonly xid: string;
  readonly status: string;
  /** The node that has written it last. */
  readonly owner: string;
  /** How many nodes have had it, one after the other. */
  readonly epoch: number;
}

/** A look at the store from outside. */
export class StoreWitness {
  readonly #pool: pg.Pool;

  /** The nodes must have made their tables by now. */
  static async install(pool: pg.Pool): Promise<StoreWitness> {
    for (const statement of TABLES) await pool.query(statement);
    return new StoreWitness(pool);
  }

  private constructor(pool: pg.Pool) {
    this.#pool = pool;
  }

  async sessions(): Promise<readonly SessionRow[]> {
    const { rows } = await this.#pool.query<SessionRow>(
      'SELECT xid, status, owner, epoch::integer FROM dtx_coordinator.session',
    );
    return rows;
  }

  async openCount(): Promise<number> {
    const { rows } = await this.#pool.query<{ count: number }>(
      `SELECT count(*)::integer AS count FROM dtx_coordinator.session WHERE ended_at_ms IS NULL`,
    );
    return rows[0]?.count ?? 0;
  }

  /** By xid: the statuses that it went through. */
  async history(): Promise<ReadonlyMap<string, readonly string[]>> {
    const { rows } = await this.#pool.query<{ xid: string; statuses: string[] }>(
      'SELECT xid, array_agg(status ORDER BY place) AS statuses FROM public.witness GROUP BY xid',
    );
    return new Map(rows.map(({ statuses, xid }) => [xid, statuses]));
  }

  /** Sessions in which a write came after one that it did not know. */
  async overwritten(): Promise<readonly string[]> {
    const { rows } = await this.#pool.query<{ xid: string }>(
      'SELECT DISTINCT xid FROM public.witness WHERE went_back',
    );
    return rows.map(({ xid }) => xid);
  }
}
