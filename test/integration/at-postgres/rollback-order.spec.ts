import { createPostgresEngine } from '../../../lib/resource/at/postgres/index.js';
import type { BranchTag, SqlSource } from '../../../lib/resource/at/index.js';
import type { AtDatabase } from './at-database.js';
import { DONE, createAtDatabase, newTag, reasonOf, sourceOf } from './at-database.js';

/** Unique columns, with two values and one to swap them by; NULL is no value that is free. */
const UNIQUE = [
  ['text NOT NULL UNIQUE', `'a'`, `'b'`, `'c'`],
  ['varchar(3) NOT NULL UNIQUE', `'a'`, `'b'`, `'c'`],
  ['char(2) NOT NULL UNIQUE', `'a'`, `'b'`, `'c'`],
  ['int NOT NULL UNIQUE', '1', '2', '3'],
  ['smallint CHECK (u < 4) NOT NULL UNIQUE', '1', '2', '3'],
  ['numeric(4, 2) NOT NULL UNIQUE', '1', '2', '3'],
  ['date NOT NULL UNIQUE', `'2024-01-01'`, `'2024-01-02'`, `'2024-01-03'`],
  ['timestamptz NOT NULL UNIQUE', `'2024-01-01'`, `'2024-01-02'`, `'2024-01-03'`],
  ['uuid NOT NULL UNIQUE', ...['1', '2', '3'].map((digit) => `'${digit.repeat(32)}'`)],
  ['text UNIQUE NULLS NOT DISTINCT', `'a'`, `'b'`, `'c'`],
] as const;

const ACTIONS = ['CASCADE', 'SET NULL', 'RESTRICT'];

/** What a foreign key does with a value that changes. */
const CARRIED = ['CASCADE', 'SET NULL', 'SET DEFAULT'];

const SETUP = `
  ${UNIQUE.map(
    ([type], n) => `
    CREATE TABLE owner_${n} (id int PRIMARY KEY, u ${type});
    ${ACTIONS.map(
      (action, m) => `CREATE TABLE owned_${n}_${m} (id int PRIMARY KEY,
        owner int REFERENCES owner_${n} ON DELETE ${action});`,
    ).join(' ')}`,
  ).join(' ')}
  CREATE TABLE stock (sku text PRIMARY KEY, amount int NOT NULL CHECK (amount >= 0));
  CREATE TABLE line (id int PRIMARY KEY, sku text NOT NULL REFERENCES stock, qty int NOT NULL);
  CREATE FUNCTION take() RETURNS trigger LANGUAGE plpgsql AS $$
  BEGIN
    IF TG_OP <> 'INSERT' THEN
      UPDATE stock SET amount = amount + OLD.qty WHERE sku = OLD.sku;
    END IF;
    IF TG_OP <> 'DELETE' THEN
      UPDATE stock SET amount = amount - NEW.qty WHERE sku = NEW.sku;
    END IF;
    RETURN NULL;
  END $$;
  CREATE TRIGGER take AFTER INSERT OR UPDATE OR DELETE ON line FOR EACH ROW EXECUTE FUNCTION take();

  ${CARRIED.map(
    (action, n) => `
    CREATE TABLE guest_${n} (id int PRIMARY KEY, seat int NOT NULL UNIQUE, room int NOT NULL,
      door int GENERATED ALWAYS AS (room * 10) STORED UNIQUE);
    CREATE TABLE bag_${n} (id int PRIMARY KEY, guest int REFERENCES guest_${n} ON DELETE CASCADE);
    CREATE TABLE tag_${n} (id int PRIMARY KEY,
      seat int REFERENCES guest_${n} (seat) ON UPDATE ${action});
    CREATE TABLE key_${n} (id int PRIMARY KEY,
      door int REFERENCES guest_${n} (door) ON UPDATE ${action});`,
  ).join(' ')}

  CREATE TABLE task (id int PRIMARY KEY, list int NOT NULL,
    pos int NOT NULL CHECK (pos BETWEEN 1 AND 3), UNIQUE (list, pos));
  CREATE TABLE step (id int PRIMARY KEY, task int REFERENCES task ON DELETE CASCADE);

  CREATE TABLE page (id int PRIMARY KEY, title text NOT NULL, slug text UNIQUE);
  CREATE UNIQUE INDEX ON page (lower(title));
  CREATE TABLE comment (id int PRIMARY KEY,
    page int REFERENCES page ON DELETE CASCADE ON UPDATE CASCADE);
  CREATE TABLE link (id int PRIMARY KEY, slug text REFERENCES page (slug) ON UPDATE SET NULL);
  CREATE FUNCTION set_slug() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN NEW.slug := 's-' || lower(NEW.title); RETURN NEW; END $$;
  CREATE TRIGGER set_slug BEFORE INSERT OR UPDATE OF title ON page
    FOR EACH ROW EXECUTE FUNCTION set_slug();

  CREATE TABLE member (id int PRIMARY KEY, seat int NOT NULL UNIQUE, nick text UNIQUE);
  CREATE TABLE badge (id int PRIMARY KEY, member int REFERENCES member ON DELETE CASCADE);
  CREATE TABLE renaming (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, nick text);
  CREATE FUNCTION note_renaming() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN INSERT INTO renaming (nick) VALUES (OLD.nick); RETURN NULL; END $$;
  CREATE TRIGGER note AFTER UPDATE OF nick ON member FOR EACH ROW EXECUTE FUNCTION note_renaming();
  CREATE FUNCTION keep_line() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE 'lines stay'; END $$;
  CREATE TRIGGER keep BEFORE DELETE ON renaming FOR EACH ROW EXECUTE FUNCTION keep_line();

  CREATE TABLE frozen (id int PRIMARY KEY, v int);
  CREATE FUNCTION keep_frozen() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN IF NEW.v = 1 THEN RAISE 'frozen'; END IF; RETURN NEW; END $$;
  CREATE TRIGGER keep_frozen BEFORE UPDATE ON frozen FOR EACH ROW EXECUTE FUNCTION keep_frozen();

  CREATE TABLE parent (id int PRIMARY KEY);
  CREATE TABLE child (id int PRIMARY KEY, parent int NOT NULL REFERENCES parent ON DELETE CASCADE);
`;

const RESET = `
  ${UNIQUE.map(
    ([, one, two], n) => `
    TRUNCATE owner_${n}, ${ACTIONS.map((_, m) => `owned_${n}_${m}`).join(', ')};
    INSERT INTO owner_${n} VALUES (1, ${one}), (2, ${two});
    ${ACTIONS.map((_, m) => `INSERT INTO owned_${n}_${m} VALUES (1, 1), (2, 2);`).join(' ')}`,
  ).join(' ')}
  TRUNCATE line, stock, frozen, parent, child;
  ${CARRIED.map(
    (_, n) => `
    TRUNCATE guest_${n}, bag_${n}, tag_${n}, key_${n};
    INSERT INTO guest_${n} VALUES (1, 11, 1), (2, 12, 2);
    INSERT INTO bag_${n} VALUES (1, 1), (2, 2);`,
  ).join(' ')}
  TRUNCATE member, badge, renaming, task, step, page, comment, link;
  INSERT INTO task VALUES (1, 1, 1), (2, 1, 2);
  INSERT INTO step VALUES (1, 1), (2, 2);
  INSERT INTO page VALUES (1, 'a'), (2, 'b');
  INSERT INTO comment VALUES (1, 1), (2, 2);
  INSERT INTO member VALUES (1, 11, 'ada'), (2, 12, 'ben');
  INSERT INTO badge VALUES (1, 1), (2, 2);
  INSERT INTO frozen VALUES (1, 1);
  INSERT INTO stock VALUES ('a', 100);
  INSERT INTO line VALUES (1, 'a', 60);
  INSERT INTO parent VALUES (1);
  INSERT INTO child SELECT n, 1 FROM generate_series(1, 200) n;
`;

/** Counts the statements of its sessions. */
function counting(source: SqlSource): SqlSource & { count: number } {
  const counter = {
    count: 0,
    withSession: <T>(work: Parameters<typeof source.withSession<T>>[0]): Promise<T> =>
      source.withSession((session) =>
        work({
          query: (text, values) => {
            counter.count += 1;
            return session.query(text, values);
          },
        }),
      ),
  };
  return counter;
}

describe('The order in which a rollback restores rows', () => {
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

  it.each([
    ['goes', ['DELETE FROM line']],
    ['shrinks', ['UPDATE line SET qty = 10']],
    ['moves and goes', ['UPDATE line SET id = 2', 'DELETE FROM line']],
  ])('keeps a check on a sum, where a line %s', async (_how, statements) => {
    const before = await database.rows('line', 'stock');
    const tag = newTag();
    await database.branch(tag, ...statements);

    await expect(database.rollback(tag)).resolves.toEqual(DONE);
    await expect(database.rows('line', 'stock')).resolves.toEqual(before);
  });

  it('keeps it while another row has to be left', async () => {
    const before = await database.rows('line', 'stock');
    const tag = newTag();
    await database.branch(tag, 'DELETE FROM line', 'UPDATE frozen SET v = 2');

    const error = reasonOf(await database.rollback(tag));

    expect(error).toMatch(/^Rows were left as they are, with their undo rows. public.frozen 1: /);
    await expect(database.rows('line', 'stock')).resolves.toEqual(before);
  });

  it.each(UNIQUE.map(([type, one, two, spare], n) => ({ type, one, two, spare, n })))(
    'gives two rows that others refer to their unique values back: $type',
    async ({ n, one, spare, two }) => {
      const tables = [`owner_${n}`, ...ACTIONS.map((_, m) => `owned_${n}_${m}`)];
      const before = await database.rows(...tables);
      const tag = newTag();
      await database.branch(
        tag,
        `UPDATE owner_${n} SET u = ${spare} WHERE id = 1`,
        `UPDATE owner_${n} SET u = ${one} WHERE id = 2`,
        `UPDATE owner_${n} SET u = ${two} WHERE id = 1`,
      );

      await expect(database.rollback(tag)).resolves.toEqual(DONE);
      await expect(database.rows(...tables)).resolves.toEqual(before);
    },
  );

  it.each(CARRIED.map((action, n) => ({ action, n })))(
    'leaves a value to which a row refers since then, with ON UPDATE $action',
    async ({ n }) => {
      const tag = newTag();
      await database.branch(
        tag,
        `UPDATE guest_${n} SET seat = -1 WHERE id = 1`,
        `UPDATE guest_${n} SET seat = 11 WHERE id = 2`,
        `UPDATE guest_${n} SET seat = 12 WHERE id = 1`,
      );
      await database.pool.query(`INSERT INTO tag_${n} VALUES (1, 12)`);
      const tables = [`guest_${n}`, `bag_${n}`, `tag_${n}`];
      const after = await database.rows(...tables);

      expect(reasonOf(await database.rollback(tag))).toMatch(/^Rows were left as they are/);

      await expect(database.rows(...tables)).resolves.toEqual(after);
    },
  );

  it.each(CARRIED.map((action, n) => ({ action, n })))(
    'leaves a value from which another one is generated, to which a row refers since then, $action',
    async ({ n }) => {
      const tag = newTag();
      await database.branch(
        tag,
        `UPDATE guest_${n} SET room = -1 WHERE id = 1`,
        `UPDATE guest_${n} SET room = 1 WHERE id = 2`,
        `UPDATE guest_${n} SET room = 2 WHERE id = 1`,
      );
      await database.pool.query(`INSERT INTO key_${n} VALUES (1, 20)`);
      const tables = [`guest_${n}`, `bag_${n}`, `key_${n}`];
      const after = await database.rows(...tables);

      expect(reasonOf(await database.rollback(tag))).toMatch(/^Rows were left as they are/);

      await expect(database.rows(...tables)).resolves.toEqual(after);
    },
  );

  it('gives up no unique value that nobody has changed', async () => {
    const before = await database.rows('member', 'badge', 'renaming');
    const tag = newTag();
    await database.branch(
      tag,
      'UPDATE member SET seat = -1 WHERE id = 1',
      'UPDATE member SET seat = 11 WHERE id = 2',
      'UPDATE member SET seat = 12 WHERE id = 1',
    );

    await expect(database.rollback(tag)).resolves.toEqual(DONE);
    await expect(database.rows('member', 'badge', 'renaming')).resolves.toEqual(before);
  });

  it('gives up another part of the key where there is no spare value of the one', async () => {
    const before = await database.rows('task', 'step');
    const tag = newTag();
    await database.branch(
      tag,
      'UPDATE task SET pos = 3 WHERE id = 1',
      'UPDATE task SET pos = 1 WHERE id = 2',
      'UPDATE task SET pos = 2 WHERE id = 1',
    );

    await expect(database.rollback(tag)).resolves.toEqual(DONE);
    await expect(database.rows('task', 'step')).resolves.toEqual(before);
  });

  describe('beside a trigger that makes a value of another one', () => {
    const swapTitles = (tag: BranchTag): Promise<void> =>
      database.branch(
        tag,
        `UPDATE page SET title = '-' WHERE id = 1`,
        `UPDATE page SET title = 'A' WHERE id = 2`,
        `UPDATE page SET title = 'B' WHERE id = 1`,
      );

    it('gives the values back to rows to which others refer by their key', async () => {
      const before = await database.rows('page', 'comment');
      const tag = newTag();
      await swapTitles(tag);

      await expect(database.rollback(tag)).resolves.toEqual(DONE);
      await expect(database.rows('page', 'comment')).resolves.toEqual(before);
    });

    it('leaves rows to whose made value somebody refers since then', async () => {
      const tag = newTag();
      await swapTitles(tag);
      await database.pool.query(`INSERT INTO link VALUES (1, 's-b')`);
      const after = await database.rows('page', 'comment', 'link');

      expect(reasonOf(await database.rollback(tag))).toMatch(/^Rows were left as they are/);

      await expect(database.rows('page', 'comment', 'link')).resolves.toEqual(after);
    });
  });

  it('restores what a cascade has deleted in a few statements', async () => {
    const source = counting(sourceOf(database.pool));
    const engine = createPostgresEngine({ source, resourceId: 'shop' });
    const before = await database.rows('parent', 'child');
    const tag = newTag();
    await database.branch(tag, 'DELETE FROM parent');

    await expect(engine.rollbackBranches([tag])).resolves.toEqual([DONE]);

    await expect(database.rows('parent', 'child')).resolves.toEqual(before);
    expect(source.count).toBeLessThan(50);
  });
});
