/** The two services of the test; each has one resource on both nodes. */
export const SIDES = ['orders', 'wallet'] as const;

export type Side = (typeof SIDES)[number];

export const ACCOUNTS = 500;
export const BALANCE = 1_000_000;

/**
 * The business database. `orders` changes its accounts in phase one and undoes that in a rollback;
 * `wallet` reserves in phase one, and books or frees what it has reserved in phase two.
 *
 * A fence stands for a branch between its phases. A rollback leaves one behind that says so, or
 * puts one where there is none: a phase one that comes later finds it and does nothing.
 */
export const BUSINESS_TABLES: readonly string[] = [
  `CREATE TABLE account (
  side text NOT NULL,
  id integer NOT NULL,
  balance bigint NOT NULL,
  reserved bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (side, id)
)`,
  `CREATE TABLE fence (
  xid text NOT NULL,
  branch_id text NOT NULL,
  side text NOT NULL,
  state text NOT NULL CHECK (state IN ('prepared', 'rolled-back')),
  account integer NOT NULL DEFAULT 0,
  amount bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (xid, branch_id)
)`,
  // How often each step has had an effect: never more than once, whatever is repeated.
  `CREATE TABLE effect (
  xid text NOT NULL,
  branch_id text NOT NULL,
  prepared integer NOT NULL DEFAULT 1,
  committed integer NOT NULL DEFAULT 0,
  rolled_back integer NOT NULL DEFAULT 0,
  PRIMARY KEY (xid, branch_id)
)`,
  // Every order of a coordinator that has reached a participant, also one without an effect.
  `CREATE TABLE phase_two_order (
  xid text NOT NULL,
  branch_id text NOT NULL,
  direction text NOT NULL,
  node text NOT NULL
)`,
  `INSERT INTO account (side, id, balance)
   SELECT side, id, ${String(BALANCE)}
   FROM unnest(ARRAY['${SIDES.join("','")}']) AS side,
     generate_series(1, ${String(ACCOUNTS)}) AS id`,
];

/**
 * A witness in the coordinator's database: every change of a status, and every write that goes back
 * behind the version or the epoch that stood there.
 */
export const WITNESS_TABLES: readonly string[] = [
  `CREATE TABLE public.witness (
  place bigint GENERATED ALWAYS AS IDENTITY,
  xid text NOT NULL,
  old_status text,
  new_status text NOT NULL,
  went_back boolean NOT NULL,
  owner text NOT NULL
)`,
  `CREATE FUNCTION public.witness_session() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO public.witness (xid, old_status, new_status, went_back, owner)
  VALUES (NEW.xid, OLD.status, NEW.status,
    NEW.version < OLD.version OR NEW.epoch < OLD.epoch, NEW.owner);
  RETURN NULL;
END $$`,
  `CREATE TRIGGER witness AFTER UPDATE ON dtx_coordinator.session FOR EACH ROW
   WHEN (OLD.status IS DISTINCT FROM NEW.status
     OR NEW.version < OLD.version OR NEW.epoch < OLD.epoch)
   EXECUTE FUNCTION public.witness_session()`,
];
