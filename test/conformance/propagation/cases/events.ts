import assert from 'node:assert/strict';

import { currentXid } from 'nestjs-dtx';
import { firstValueFrom } from 'rxjs';

import type { ConformanceCase } from '../case.interface.js';
import { NOTHING, inTransaction, send, withModes, eventsOf, rowsLike } from './steps.js';

/** Messages that are not answered. */
export const EVENTS: readonly ConformanceCase[] = [
  {
    name: 'an event shows the xid to all of its handlers, and does not join',
    needs: ['event'],
    run: async (world) => {
      const xid = await inTransaction(world, async () => {
        await firstValueFrom(send(world, 'write', 'told there'), { defaultValue: undefined });
        return currentXid();
      });
      const seen = await eventsOf(world, 2);
      assert.deepEqual(seen, new Array(2).fill({ ...NOTHING, linkedXid: xid }));
    },
  },
  {
    name: 'an event outside of transactions says nothing',
    needs: ['event'],
    run: async (world) => {
      world.takeWire();
      await firstValueFrom(send(world, 'look'), { defaultValue: undefined });
      assert.deepEqual(await eventsOf(world, 2), [NOTHING, NOTHING]);
      assert.doesNotMatch(world.takeWire(), /tx_xid|linked_xid|metadata"/i);
    },
  },
  {
    name: 'an event in mode join is a part of the transaction',
    needs: ['event', 'client'],
    run: (world) =>
      withModes(world, { emit: 'join' }, async () => {
        const work = inTransaction(world, async () => {
          await firstValueFrom(send(world, 'write', 'undone there'), { defaultValue: undefined });
          const seen = await eventsOf(world, 2);
          assert.deepEqual(new Set(seen.map(({ xid }) => xid)), new Set([currentXid()]));
          throw new Error('enough');
        });
        await assert.rejects(work, { message: 'enough' });
        assert.deepEqual(await rowsLike(world, 'undone'), []);
      }),
  },
];
