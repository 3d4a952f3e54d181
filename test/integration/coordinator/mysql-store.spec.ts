import { openMysqlStore } from '../../../lib/coordinator/store/mysql/index.js';
import { SESSIONS_OF_DATABASE, describeMariadb } from '../../servers/test-mariadb.js';
import { until } from '../../support/until.js';
import {
  DONE,
  NOW,
  branch,
  changeOf,
  claimOf,
  ended,
  given,
  insertOf,
  purgeOf,
  session,
  standing,
  xidsOf,
} from './store-conformance/sessions.js';
import type { MysqlWorld } from './support/mysql-world.js';
import { openMysqlWorld } from './support/mysql-world.js';

const TABLE = 'dtx_coordinator_session';

describeMariadb('A coordinator store in MariaDB', () => {
  let world: MysqlWorld;

  beforeEach(async () => {
    world = await openMysqlWorld();
  });

  afterEach(() => world.close());

  describe('when it is opened', () => {
    it('makes its tables once, whoever is first, and leaves them as they are then', async () => {
      const [store] = await Promise.all([world.open(), world.open()]);
      await given(store, session());
      const again = await world.open({ migrate: false });

      expect(await standing(again, session())).toEqual(session());
      expect(await world.rows('SELECT name, value FROM dtx_coordinator_meta')).toEqual([
        { name: 'schema_version', value: '2' },
      ]);
    });

    it('says what is missing where it may not make tables', async () => {
      await expect(world.open({ migrate: false })).rejects.toMatchObject({
        code: 'DTX_ERR_SCHEMA_TOO_OLD',
        found: 0,
      });
    });

    it('leaves tables of a newer version alone', async () => {
      await world.open();
      await world.plain.query("UPDATE dtx_coordinator_meta SET value = '99'");

      await expect(world.open()).rejects.toMatchObject({
        code: 'DTX_ERR_SCHEMA_TOO_NEW',
        found: 99,
      });
    });

    it('names its place without the password', async () => {
      const { host, password } = new URL(world.database.url);

      expect(password).not.toBe('');
      expect((await world.open()).place).toBe(`mysql://${host}/${world.database.name}`);
    });

    it('says that another node makes the tables, when that takes too long', async () => {
      const other = await world.plain.getConnection();
      await other.query("SELECT GET_LOCK(CONCAT('dtx_coordinator.', MD5(DATABASE())), 0)");

      await expect(world.open({ timeoutMs: 1_300 })).rejects.toMatchObject({
        code: 'DTX_ERR_TC_STORE',
        message: expect.stringMatching(
          /another node is changing the tables in mysql:.*Check that its server runs/s,
        ) as unknown,
      });
      other.destroy();
    });

    it('says which server does not answer', async () => {
      const url = 'mysql://root:secret@127.0.0.1:1/dtx';

      await expect(openMysqlStore({ url })).rejects.toMatchObject({
        code: 'DTX_ERR_TC_STORE',
        message: expect.stringMatching(
          /mysql:\/\/127\.0\.0\.1:1\/dtx(?!.*secret).*Check that its server runs/s,
        ),
      });
    });
  });

  describe('with several nodes', () => {
    it('never lets a branch slip in behind the decision', async () => {
      const [one, other] = [await world.open(), await world.open()];
      const sessions = Array.from({ length: 60 }, (_, index) => session({ xid: `race-${index}` }));
      await given(one, ...sessions);

      for (const before of sessions) {
        const [[decided], [joined]] = await Promise.all([
          one.apply([changeOf(before, { status: 'committing' })]),
          other.apply([changeOf(before, { branches: [branch()] })]),
        ]);
        const isDecided = decided!.kind === 'done';
        expect([decided!.kind, joined!.kind].sort()).toEqual(['done', 'refused']);
        expect(await standing(one, before)).toMatchObject(
          isDecided ? { status: 'committing', branches: [] } : { status: 'active' },
        );
      }
    });

    it('inserts a session once', async () => {
      const [one, other] = [await world.open(), await world.open()];

      for (let index = 0; index < 60; index += 1) {
        const xid = `once-${index}`;
        const answers = await Promise.all([
          one.apply([insertOf(session({ xid, owner: 'node-a' }))]),
          other.apply([insertOf(session({ xid, owner: 'node-b' }))]),
        ]);
        expect(answers.map(([answer]) => answer!.kind).sort()).toEqual(['done', 'refused']);
      }
    });

    it('gets through when batches of two nodes meet in opposite orders', async () => {
      const [one, other] = [await world.open(), await world.open()];
      let sessions = Array.from({ length: 40 }, (_, index) => session({ xid: `cross-${index}` }));
      await given(one, ...sessions);

      for (let round = 0; round < 20; round += 1) {
        const changes = sessions.map((before) => changeOf(before, { rollbackOnly: `${round}` }));
        const news = [insertOf(session({ xid: `new-${round}` }))];
        const [forth, back] = await Promise.all([
          one.apply([...changes, ...news]),
          other.apply([...news, ...changes].reverse()),
        ]);
        const kinds = [...forth, ...back].map(({ kind }) => kind);
        expect(kinds.filter((kind) => kind === 'done')).toHaveLength(changes.length + 1);
        expect(kinds.filter((kind) => kind === 'refused')).toHaveLength(changes.length + 1);
        sessions = changes.map(({ after }) => after);
      }
    });

    it('claims what is free, and waits for nothing that another node writes', async () => {
      const store = await world.open();
      const lapsed = [1, 2, 3].map((place) =>
        session({ xid: `lapsed-${place}`, leaseUntilMs: NOW - 10 + place }),
      );
      await given(store, ...lapsed);
      const writer = await world.plain.getConnection();
      await writer.beginTransaction();
      await writer.query(`SELECT id FROM ${TABLE} WHERE xid = 'lapsed-2' FOR UPDATE`);

      const claimed = await store.claim(claimOf());
      await writer.rollback();
      writer.release();

      expect(claimed.map(({ epoch, owner, version, xid }) => [xid, owner, epoch, version])).toEqual(
        [
          ['lapsed-1', 'node-b', 2, 2],
          ['lapsed-3', 'node-b', 2, 2],
        ],
      );
    });

    it('hands over what is free, and waits for nothing that another node writes', async () => {
      const store = await world.open();
      const held = [1, 2, 3].map((place) =>
        session({ xid: `held-${place}`, leaseUntilMs: NOW + place }),
      );
      await given(store, ...held);
      const writer = await world.plain.getConnection();
      await writer.beginTransaction();
      await writer.query(`SELECT id FROM ${TABLE} WHERE xid = 'held-2' FOR UPDATE`);

      await store.handOver('node-a', NOW);
      await writer.rollback();
      writer.release();

      const leases = (await store.load(held)).map((found) => found?.leaseUntilMs);
      expect(leases).toEqual([NOW, NOW + 2, NOW]);
    });

    it('purges what is free, the oldest first, and leaves what others look at', async () => {
      const store = await world.open();
      const old = [1, 2, 3, 4].map((place) => ended({ xid: `old-${place}`, endedAtMs: place }));
      await given(store, ...old);
      const reader = await world.plain.getConnection();
      await reader.beginTransaction();
      await reader.query(`SELECT id FROM ${TABLE} WHERE xid = 'old-1' FOR UPDATE`);

      const answers = await store.apply([purgeOf(NOW, 2)]);
      await reader.rollback();
      reader.release();

      expect(answers).toEqual([{ kind: 'done', count: 2 }]);
      expect(xidsOf(await store.load(old))).toEqual(['old-1', undefined, undefined, 'old-4']);
    });
  });

  describe('in trouble', () => {
    it('answers what another session locks, and does not hold up the rest', async () => {
      const store = await world.open({ timeoutMs: 2_500 });
      await given(store, session({ xid: 'free' }), session({ xid: 'locked' }));
      const writer = await world.plain.getConnection();
      await writer.beginTransaction();
      await writer.query(`SELECT id FROM ${TABLE} WHERE xid = 'locked' FOR UPDATE`);

      const answers = await store.apply([
        changeOf(session({ xid: 'locked' })),
        changeOf(session({ xid: 'free' })),
      ]);
      await writer.rollback();
      writer.release();

      expect(answers).toEqual([
        { kind: 'failed', error: expect.objectContaining({ kind: 'refused' }) },
        DONE,
      ]);
    });

    it('writes a batch that is larger than the server takes in one statement', async () => {
      const store = await world.open({ timeoutMs: 20_000 });
      const [limit] = await world.rows('SELECT @@max_allowed_packet AS bytes');
      const data = 'x'.repeat(1_000_000);
      const sessions = Array.from({ length: 20 }, (_, index) =>
        session({ xid: `large-${index}`, branches: [branch({ data })] }),
      );

      const answers = await store.apply(sessions.map(insertOf));

      expect(sessions.length * data.length).toBeGreaterThan(Number(limit!['bytes']));
      expect(answers.every(({ kind }) => kind === 'done')).toBe(true);
      expect(await standing(store, sessions[19]!)).toEqual(sessions[19]);
    });

    it('writes the changes that hold, and only those, beside one that does not', async () => {
      const store = await world.open();
      const sessions = ['a', 'b', 'c'].map((xid) => session({ xid }));
      await given(store, ...sessions);
      const [first, stale, last] = sessions.map((before) => changeOf(before));
      await store.apply([stale!]);

      const answers = await store.apply([first!, stale!, last!]);

      expect(answers).toEqual([DONE, { kind: 'refused', found: stale!.after }, DONE]);
      expect(await store.load(sessions)).toEqual([first!.after, stale!.after, last!.after]);
    });

    it('takes a text that was cut in the middle of a character', async () => {
      const store = await world.open();
      const cut = session({ name: 'cake 🎂'.slice(0, -1) });

      expect(await store.apply([insertOf(cut)])).toEqual([DONE]);
      expect(await standing(store, cut)).toMatchObject({ name: 'cake \uFFFD' });
    });

    it('cuts nothing off that is too long for its column', async () => {
      const store = await world.open();
      const tooLong = session({ xid: 'long', name: 'n'.repeat(201) });

      const answers = await store.apply([insertOf(tooLong), insertOf(session())]);

      expect(answers.map(({ kind }) => kind)).toEqual(['failed', 'done']);
      expect(await standing(store, tooLong)).toBeUndefined();
    });

    it('goes on when the server has ended its connections', async () => {
      const store = await world.open();
      await given(store, session());
      const ids = await world.rows(SESSIONS_OF_DATABASE, [world.database.name]);
      for (const { id } of ids) await world.plain.query('KILL ?', [id]);

      await until(async () => {
        const [answer] = await store.apply([changeOf(session())]);
        return answer!.kind === 'done' || answer!.kind === 'refused';
      });
      expect(await standing(store, session())).toMatchObject({ version: 2 });
    });
  });
});
