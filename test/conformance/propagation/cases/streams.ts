import assert from 'node:assert/strict';

import { currentXid } from 'nestjs-dtx';
import { lastValueFrom, toArray } from 'rxjs';

import type { ConformanceCase } from '../case.interface.js';
import { STREAM_LENGTH } from '../receiver.js';
import { inTransaction, rowsLike, until } from './steps.js';

/** Answers that are streams. */
export const STREAMS: readonly ConformanceCase[] = [
  {
    name: 'a stream of answers is in the transaction until its end',
    needs: ['stream'],
    run: async (world) => {
      const [xid, seen] = await inTransaction(world, async () => {
        const answers = world.sending.stream!({ task: 'write', text: 'streamed' });
        return [currentXid(), await lastValueFrom(answers.pipe(toArray()))] as const;
      });
      const expected = { xid, linkedXid: '', application: 'receiver' };
      assert.deepEqual(seen, new Array(STREAM_LENGTH).fill(expected));
      assert.deepEqual(await rowsLike(world, 'streamed'), [
        'streamed 1',
        'streamed 2',
        'streamed 3',
      ]);
    },
  },
  {
    name: 'a stream that fails rolls both back, also when the sender swallows it',
    needs: ['stream'],
    run: async (world) => {
      const work = inTransaction(world, async () => {
        await world.here.write('broken here');
        const answers = world.sending.stream!({ task: 'write-and-fail', text: 'broken' });
        await lastValueFrom(answers).catch(() => undefined);
      });
      await assert.rejects(work, { code: 'DTX_ERR_TM_ROLLBACK_ONLY' });
      await until(async () => (await rowsLike(world, 'broken')).length === 0);
    },
  },
];
