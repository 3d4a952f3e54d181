import { until } from '../../support/until.js';
import { CARRIERS, openBanks } from './remote-banks.js';
import type { Banks, Carrier, Launcher } from './remote-banks.js';

describe('A try in another service', () => {
  let services: Banks['services'];
  let launcher: Launcher;
  const closing: (() => Promise<unknown>)[] = [];

  beforeAll(async () => {
    ({ launcher, services } = await openBanks(closing));
  });

  afterAll(async () => {
    for (const close of closing.reverse()) await close();
  });

  beforeEach(async () => {
    for (const { accounts, plain } of Object.values(services)) {
      accounts.calls.length = 0;
      await plain.query('UPDATE account SET balance = 100, frozen = 0');
    }
  });

  const callsOf = (carrier: Carrier): readonly string[] => services[carrier].accounts.calls;

  /** Balance, frozen, and the state of the branch in each of the services. */
  const state = async (): Promise<readonly unknown[]> =>
    Promise.all(
      CARRIERS.map(async (carrier) => {
        const pool = services[carrier].plain;
        const { rows: accounts } = await pool.query('SELECT balance, frozen FROM account');
        const { rows: fences } = await pool.query<{ state: number }>(
          'SELECT state FROM dtx.tcc_fence WHERE xid = $1',
          [launcher.xid],
        );
        const [{ balance, frozen }] = accounts as [{ balance: number; frozen: number }];
        return [balance, frozen, ...fences.map((fence) => FENCES[fence.state])];
      }),
    );

  const settled = async (states: readonly unknown[]): Promise<void> => {
    await until(async () => JSON.stringify(await state()) === JSON.stringify(states));
  };

  it('takes part over HTTP, gRPC and messages, and is confirmed with the commit', async () => {
    const xids = await launcher.freezeAll({});

    expect(await state()).toEqual(Array(3).fill([70, 0, 'confirmed']));
    expect(xids).toEqual(Array(3).fill(launcher.xid));
    expect(CARRIERS.map(callsOf)).toEqual(Array(3).fill(['freeze', 'take']));
  });

  it('may run beside others', async () => {
    await launcher.freezeAtOnce();

    expect(await state()).toEqual(Array(3).fill([70, 0, 'confirmed']));
  });

  it('is cancelled everywhere when the launcher fails', async () => {
    await expect(launcher.freezeAll({ fails: true })).rejects.toThrow('changed my mind');

    await settled(Array(3).fill([100, 0, 'cancelled']));
    expect(CARRIERS.map(callsOf)).toEqual(Array(3).fill(['freeze', 'free']));
  });

  it.each(CARRIERS)('that is refused over %s cancels all others', async (refusing) => {
    const others = CARRIERS.filter((carrier) => carrier !== refusing);

    const work = launcher.freezeAll({ order: [...others, refusing], tooMuchFor: refusing });

    await expect(work).rejects.toBeDefined();
    await settled(
      CARRIERS.map((carrier) => [100, 0, carrier === refusing ? 'empty' : 'cancelled']),
    );
    expect(callsOf(refusing)).toEqual(['freeze']);
  });

  it.each(CARRIERS)('that is refused over %s cannot be swallowed', async (refusing) => {
    const work = launcher.freezeAll({ tooMuchFor: refusing, swallows: true });

    await expect(work).rejects.toMatchObject({ code: 'DTX_ERR_TM_ROLLBACK_ONLY' });
    await settled(
      CARRIERS.map((carrier) => [100, 0, carrier === refusing ? 'empty' : 'cancelled']),
    );
  });
});

const FENCES: Readonly<Record<number, string>> = {
  1: 'tried',
  2: 'confirmed',
  3: 'cancelled',
  4: 'empty',
};
