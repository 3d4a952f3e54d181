import type { AtDatabase } from './at-database.js';
import { DONE, createAtDatabase, newTag, reasonOf } from './at-database.js';

const SETUP = `
  CREATE TABLE account (id int PRIMARY KEY, balance int NOT NULL);

  CREATE TABLE stamped (id int PRIMARY KEY, n int, updated_at timestamptz);
  CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN NEW.updated_at := clock_timestamp(); RETURN NEW; END';
  CREATE TRIGGER zz_stamp BEFORE INSERT OR UPDATE ON stamped FOR EACH ROW EXECUTE FUNCTION stamp();

  CREATE TABLE place (country text, code text, updated_at timestamptz, PRIMARY KEY (country, code));
  CREATE TRIGGER stamp BEFORE UPDATE ON place FOR EACH ROW EXECUTE FUNCTION stamp();

  CREATE TABLE item (id int PRIMARY KEY, cart int);
  CREATE TABLE cart (id int PRIMARY KEY, items int NOT NULL);
  CREATE FUNCTION count_items() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    UPDATE cart SET items = items + CASE TG_OP WHEN 'INSERT' THEN 1 ELSE -1 END
    WHERE id = coalesce(NEW.cart, OLD.cart);
    RETURN NULL;
  END $$;
  CREATE TRIGGER count_items AFTER INSERT OR DELETE ON item FOR EACH ROW
    EXECUTE FUNCTION count_items();

  CREATE TABLE bay (id int PRIMARY KEY, depot int);
  CREATE TABLE tally (depot int PRIMARY KEY, bays int NOT NULL);
  CREATE FUNCTION count_bays() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    INSERT INTO tally VALUES (NEW.depot, 1)
    ON CONFLICT (depot) DO UPDATE SET bays = tally.bays + 1;
    RETURN NULL;
  END $$;
  CREATE TRIGGER count_bays AFTER INSERT ON bay FOR EACH ROW EXECUTE FUNCTION count_bays();

  CREATE TABLE kept (id int PRIMARY KEY, deleted bool);
  CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN UPDATE kept SET deleted = true WHERE id = OLD.id; RETURN NULL; END';
  CREATE TRIGGER keep BEFORE DELETE ON kept FOR EACH ROW EXECUTE FUNCTION keep();

  CREATE TABLE guarded (id int PRIMARY KEY, secret text);
  CREATE FUNCTION guard() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE 'the secret is %', OLD.secret; END $$;
  CREATE TRIGGER guard BEFORE UPDATE ON guarded FOR EACH ROW
    WHEN (OLD.secret = 'new') EXECUTE FUNCTION guard();
`;

const RESET = `
  TRUNCATE account, bay, tally, stamped, place, item, cart, guarded;
  DROP TRIGGER IF EXISTS keep ON kept;
  TRUNCATE kept;
  CREATE TRIGGER keep BEFORE DELETE ON kept FOR EACH ROW EXECUTE FUNCTION keep();
  INSERT INTO account VALUES (1, 100);
  INSERT INTO stamped VALUES (1, 10);
  INSERT INTO place VALUES ('DE', 'be', '2024-02-29');
  INSERT INTO cart VALUES (1, 0);
  INSERT INTO guarded VALUES (1, 'old');
  INSERT INTO bay VALUES (1, 7), (2, 7);
  UPDATE tally SET bays = 40;
`;

describe('Rollback where tables have triggers of their own', () => {
  let database: AtDatabase;

  beforeAll(async () => {
    database = await createAtDatabase(SETUP);
  });

  beforeEach(async () => {
    await database.reset(RESET);
  });

  afterAll(async () => {
    await database.drop();
  });

  it('has the last word about a column that a trigger sets', async () => {
    const before = await database.rows('stamped');
    const tag = newTag();
    await database.branch(
      tag,
      'UPDATE stamped SET n = 11',
      'INSERT INTO stamped VALUES (2, 20)',
      'DELETE FROM stamped WHERE id = 1',
    );

    await expect(database.rollback(tag)).resolves.toEqual(DONE);
    await expect(database.rows('stamped')).resolves.toEqual(before);
  });

  it('has it in a table whose key has several columns', async () => {
    const before = await database.rows('place');
    const tag = newTag();
    await database.branch(tag, "UPDATE place SET country = 'FR'");

    await expect(database.rollback(tag)).resolves.toEqual(DONE);
    await expect(database.rows('place')).resolves.toEqual(before);
  });

  it('restores a sum again that a trigger changes during the rollback', async () => {
    const tag = newTag();
    await database.branch(tag, 'INSERT INTO item VALUES (1, 1), (2, 1), (3, 1)');
    await expect(database.rows('cart')).resolves.toEqual(['(1,3)']);

    await expect(database.rollback(tag)).resolves.toEqual(DONE);
    await expect(database.rows('cart', 'item')).resolves.toEqual(['(1,0)']);
  });

  it('takes a row over that a trigger makes again during the rollback', async () => {
    const tag = newTag();
    await database.branch(tag, 'DELETE FROM tally', 'DELETE FROM bay');

    await expect(database.rollback(tag)).resolves.toEqual(DONE);
    await expect(database.rows('tally')).resolves.toEqual(['(7,40)']);
  });

  it('leaves a row that a trigger does not let go', async () => {
    const tag = newTag();
    await database.branch(tag, 'INSERT INTO kept VALUES (1, false)');

    const error = reasonOf(await database.rollback(tag));

    expect(error).toContain('public.kept 1: ');
    await expect(database.rows('kept')).resolves.toEqual(['(1,f)']);
    await database.sql('DROP TRIGGER keep ON kept');
    await expect(database.rollback(tag)).resolves.toEqual(DONE);
  });

  it('leaves a row that a trigger refuses, and does not quote the trigger', async () => {
    const tag = newTag();
    await database.branch(
      tag,
      "UPDATE guarded SET secret = 'new'",
      'UPDATE account SET balance = 0 WHERE id = 1',
    );

    const error = reasonOf(await database.rollback(tag));

    expect(error).toContain('public.guarded 1: a trigger refuses it (SQLSTATE P0001)');
    expect(error).not.toContain('secret');
    await expect(database.rows('account')).resolves.toEqual(['(1,100)']);
  });
});
