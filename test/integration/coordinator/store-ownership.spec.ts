import { connectEmbedded } from '../../../lib/transport/index.js';
import { begin, statusOf } from './support/client.js';
import { Program } from './support/program.js';
import { testFolder } from './support/test-folder.js';

const HOLD_STORE = 'test/integration/coordinator/support/hold-store.ts';

describe('The file of an embedded coordinator', () => {
  const folder = testFolder();

  it('is refused to a second process, with the owner and the way out', async () => {
    const store = folder.path('coordinator.db');
    const client = await connectEmbedded({ store });
    const second = new Program(HOLD_STORE, [store]);

    const message = await second.line();

    expect(message).toContain(`[DTX_ERR_TC_STORE_IN_USE] The coordinator file ${store} is in use`);
    expect(message).toMatch(
      new RegExp(`by process ${String(process.pid)}, started at 2\\d{3}-.*nestjs-dtx coordinator`),
    );
    expect(await second.ended()).toBe(0);
    expect(await statusOf(client, await begin(client))).toBe('active');
    await client.close();
  });

  it('is free again when its owner was killed', async () => {
    const store = folder.path('coordinator.db');
    const owner = new Program(HOLD_STORE, [store]);
    expect(await owner.line()).toBe('open');
    await expect(connectEmbedded({ store })).rejects.toThrow(
      `in use by process ${String(owner.pid)}, started at`,
    );

    await owner.kill();

    const client = await connectEmbedded({ store });
    expect(await statusOf(client, await begin(client))).toBe('active');
    await client.close();
  });

  it('is free for another process when the last client has closed', async () => {
    const store = folder.path('coordinator.db');
    const client = await connectEmbedded({ store });
    await client.close();

    const next = new Program(HOLD_STORE, [store]);

    expect(await next.line()).toBe('open');
    await next.kill();
  });
});
