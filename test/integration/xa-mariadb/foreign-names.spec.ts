import { resourceOf } from '../../../lib/resource/index.js';
import { scopeOf } from '../../../lib/resource/xa/index.js';
import { systemIds } from '../../../lib/system/index.js';
import { describeMariadb } from '../../servers/test-mariadb.js';
import { until } from '../../support/until.js';
import type { XaMariadbWorld } from '../../support/xa-mariadb-world.js';
import { openXaMariadbWorld } from '../../support/xa-mariadb-world.js';

/** An XA id as the server takes and lists it: hexadecimal, so that nothing is lost on the way. */
const idOf = (first: string, second: string, format = 1): string => {
  const [gtrid, bqual] = [first, second].map((part) => Buffer.from(part).toString('hex'));
  return `X'${String(gtrid)}',X'${String(bqual)}',${String(format)}`;
};

describeMariadb('Names that look nearly like those of a data source', () => {
  let world: XaMariadbWorld;
  const left: string[] = [];
  beforeEach(async () => {
    world = await openXaMariadbWorld({ xaScanIntervalMs: 50, xaHorizonMs: 1 });
  });
  afterEach(async () => {
    for (const id of left.splice(0)) await world.plain.query(`XA ROLLBACK ${id}`);
    await world.close();
  });

  /** Somebody else's, whose process is gone. */
  const leavePrepared = async (id: string): Promise<void> => {
    const owner = await world.plain.getConnection();
    await owner.query(`XA START ${id}`);
    await owner.query(`INSERT INTO account VALUES (${String(10 + left.length)}, 'x', 0)`);
    await owner.query(`XA END ${id}`);
    await owner.query(`XA PREPARE ${id}`);
    owner.destroy();
  };
  /** As text that tells them apart. */
  const listed = async (): Promise<readonly string[]> =>
    (await world.rows("XA RECOVER FORMAT = 'SQL'")).map(({ data }) => normal(String(data)));

  it('are never touched by its recovery scan, while its own orphans go', async () => {
    const xid = systemIds.newXid();
    const scope = scopeOf(String(resourceOf(world.pool)?.resourceIdFor('shop')));
    const own = idOf(`dtx:${xid}`, `${scope}:1`);
    const foreign = [
      idOf(`dtx:${xid}`, `${scope}:2`, 7),
      idOf(`dtx:${xid}`, `${scope}:01`),
      idOf(`dtx:${xid}`, `${scope}:0`),
      idOf(`dtx:${xid}`, `${scope}:2\n`),
      idOf(`dtx:${xid}`, `${scope}:2\0`),
      idOf(`dtx:${xid}\0`, `${scope}:2`),
      idOf(`dtx:${xid}'`, `${scope}:2`),
      idOf(`dtx:${xid}\\`, `${scope}:2`),
      idOf(`dtx:${xid}é`, `${scope}:2`),
      idOf(`dtх:${xid}`, `${scope}:2`),
      idOf(`DTX:${xid}`, `${scope}:2`),
      idOf(`dtx:${xid}:`, `${scope}:2`),
      idOf('dtx:', `${scope}:2`),
      idOf(`dtx:${xid}${scope}:2`, ''),
      idOf(`dtx:${xid}`, `${scope}:9223372036854775808`),
    ];
    for (const id of foreign) {
      await leavePrepared(id);
      left.push(id);
    }
    await leavePrepared(own);

    await until(async () => !(await listed()).includes(own));

    expect((await listed()).filter((id) => foreign.includes(id)).sort()).toEqual(foreign.sort());
  });
});

/** The server shows as text what it can, and leaves out what is as usual. */
function normal(shown: string): string {
  const parts = /^(X?)'(.*?)'(?:,(X?)'(.*?)')?(?:,(\d+))?$/s.exec(shown);
  if (parts === null) throw new Error(`What is ${shown}?`);
  const [, isHex1, first = '', isHex2, second = '', format = '1'] = parts;
  const bytes = (isHex: string | undefined, text: string): string =>
    isHex === 'X' ? text.toLowerCase() : Buffer.from(text).toString('hex');
  return `X'${bytes(isHex1, first)}',X'${bytes(isHex2, second)}',${format}`;
}
