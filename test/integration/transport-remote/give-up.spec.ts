import { ApplicationClient } from '../../../lib/modules/application-client.js';
import { systemClock } from '../../../lib/system/index.js';
import { connectRemote } from '../../../lib/transport/index.js';

const NOWHERE = { urls: ['dtx://127.0.0.1:1'], applicationId: 'order' } as const;

describe('A client that nobody needs any more', () => {
  it('does not wait for the coordinator, which may never come', async () => {
    const giveUp = new AbortController();

    const connecting = connectRemote({ ...NOWHERE, signal: giveUp.signal });
    setImmediate(() => {
      giveUp.abort();
    });

    await expect(connecting).rejects.toMatchObject({ code: 'DTX_ERR_TC_CLOSED' });
  });

  it('does not even begin when that is known before', async () => {
    const connecting = connectRemote({ ...NOWHERE, signal: AbortSignal.abort() });

    await expect(connecting).rejects.toMatchObject({ code: 'DTX_ERR_TC_CLOSED' });
  });

  it('is told so by its application', async () => {
    const client = new ApplicationClient({
      clock: systemClock,
      enter: () => () => undefined,
      connect: (signal) => connectRemote({ ...NOWHERE, signal }),
    });
    const connecting = client.connect();

    client.stopConnecting();

    await expect(connecting).rejects.toMatchObject({ code: 'DTX_ERR_TC_CLOSED' });
    await client.close();
  });
});
