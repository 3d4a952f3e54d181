import assert from 'node:assert/strict';

import { currentXid } from 'nestjs-dtx';

import type { ConformanceCase } from '../case.interface.js';
import { NOTHING, inTransaction, ask, withModes } from './steps.js';

/** What clients are told to say. */
export const MODES: readonly ConformanceCase[] = [
  {
    name: 'a request in mode link shows the xid, and does not join',
    needs: ['request', 'client'],
    run: (world) =>
      withModes(world, { send: 'link' }, async () => {
        const [xid, seen] = await inTransaction(world, async () => {
          const answer = await ask(world, 'write', 'linked there');
          return [currentXid(), answer] as const;
        });
        assert.deepEqual(seen, { ...NOTHING, linkedXid: xid });
      }),
  },
  {
    name: 'a request in mode none says nothing',
    needs: ['request', 'client'],
    run: (world) =>
      withModes(world, 'none', async () => {
        world.takeWire();
        assert.deepEqual(await inTransaction(world, () => ask(world, 'look')), NOTHING);
        assert.doesNotMatch(world.takeWire(), /tx_xid|linked_xid|metadata"/i);
      }),
  },
];
