import http from 'node:http';

import type { CoordinatorClient, SetRollbackOnlyRequest } from '../../../lib/protocol/index.js';
import { systemClock, systemIds } from '../../../lib/system/index.js';
import { TransactionManager, currentTransaction } from '../../../lib/transaction/index.js';
import type { GlobalTransaction } from '../../../lib/transaction/index.js';
import { until } from '../../support/until.js';
import type { Handler } from './inbound-server.js';
import { call, serveInbound } from './inbound-server.js';
import { recordedLog } from './fixtures.js';

describe('A request whose caller hangs up before it is answered', () => {
  let marks: SetRollbackOnlyRequest[];
  let part: GlobalTransaction | undefined;
  let close: () => Promise<void>;

  beforeEach(() => {
    marks = [];
    part = undefined;
  });

  afterEach(() => close());

  /** A server that does some work, if it is to, and never answers, unless it is to. */
  async function serve(does: { work: boolean; answers: boolean }): Promise<string> {
    const setRollbackOnly = (request: SetRollbackOnlyRequest): Promise<void> => {
      marks.push(request);
      return Promise.resolve();
    };
    const manager = new TransactionManager({
      client: { setRollbackOnly } as unknown as CoordinatorClient,
      clock: systemClock,
      ids: systemIds,
      applicationId: 'stock',
      log: recordedLog(),
    });
    const handler: Handler = (_request, response) => {
      part = currentTransaction();
      if (does.work) part?.enter('some work')();
      if (does.answers) response.end('{}');
    };
    const server = await serveInbound(manager, handler);
    close = () => server.close();
    return server.url;
  }

  async function hangUpAt(url: string): Promise<void> {
    const request = http.request(url, { headers: { TX_XID: 'x1' } });
    request.on('error', () => undefined);
    request.end();
    await until(() => part !== undefined);
    request.destroy();
    await until(() => part?.isActive === false);
  }

  it('marks the transaction, which would commit a half otherwise', async () => {
    await hangUpAt(await serve({ work: true, answers: false }));

    expect(marks).toEqual([{ xid: 'x1', reason: expect.stringContaining('hung up') as string }]);
  });

  it('marks nothing where nothing was done', async () => {
    await hangUpAt(await serve({ work: false, answers: false }));

    expect(marks).toEqual([]);
  });

  it('is another thing than one that was answered', async () => {
    await call(await serve({ work: true, answers: true }), { TX_XID: 'x1' });
    await until(() => part?.isActive === false);

    expect(marks).toEqual([]);
  });
});
