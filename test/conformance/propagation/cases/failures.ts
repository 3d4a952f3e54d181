import assert from 'node:assert/strict';

import type { ConformanceCase } from '../case.interface.js';
import { inTransaction, ask, rowsLike, until } from './steps.js';

/** What becomes of the transaction when somebody fails. */
export const FAILURES: readonly ConformanceCase[] = [
  {
    name: 'a failure of the receiver rolls both back',
    needs: ['request'],
    run: async (world) => {
      const work = inTransaction(world, async () => {
        await world.here.write('failed here');
        await ask(world, 'write-and-fail', 'failed there');
      });
      await assert.rejects(work);
      assert.deepEqual(await rowsLike(world, 'failed'), []);
    },
  },
  {
    name: 'a failure of the sender rolls back what the receiver has done',
    needs: ['request'],
    run: async (world) => {
      const work = inTransaction(world, async () => {
        await ask(world, 'write', 'too early there');
        throw new Error('too early');
      });
      await assert.rejects(work, { message: 'too early' });
      assert.deepEqual(await rowsLike(world, 'too early'), []);
    },
  },
  {
    name: 'a failure that the sender swallows rolls both back all the same',
    needs: ['request'],
    run: async (world) => {
      const work = inTransaction(world, async () => {
        await world.here.write('swallowed here');
        await ask(world, 'write-and-fail', 'swallowed there').catch(() => undefined);
      });
      await assert.rejects(work, { code: 'DTX_ERR_TM_ROLLBACK_ONLY' });
      await until(async () => (await rowsLike(world, 'swallowed')).length === 0);
    },
  },
  {
    name: 'a failure before any work dooms nobody',
    needs: ['request'],
    run: async (world) => {
      await inTransaction(world, async () => {
        await world.here.write('found nothing here');
        await assert.rejects(ask(world, 'fail'));
      });
      assert.deepEqual(await rowsLike(world, 'found'), ['found nothing here']);
    },
  },
  {
    name: 'a failure that the rules of the receiver let through dooms nobody',
    needs: ['request'],
    run: async (world) => {
      await inTransaction(world, async () => {
        await world.here.write('refused here');
        await assert.rejects(ask(world, 'refuse', 'refused there'));
      });
      assert.deepEqual(await rowsLike(world, 'refused'), ['refused here', 'refused there']);
    },
  },
];
