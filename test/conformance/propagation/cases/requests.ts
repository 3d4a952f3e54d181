import assert from 'node:assert/strict';

import { currentXid } from 'nestjs-dtx';
import { firstValueFrom, map } from 'rxjs';

import type { ConformanceCase } from '../case.interface.js';
import type { Call } from '../receiver.js';
import { NOTHING, inTransaction, ask, rowsLike, until, textOf } from './steps.js';

/** How many messages are under way at once. */
const MESSAGE_COUNT = 40;

/** What a request does, and leaves undone. */
export const REQUESTS: readonly ConformanceCase[] = [
  {
    name: 'the receiver joins, and its work is kept with that of the sender',
    needs: ['request'],
    run: async (world) => {
      const [xid, seen] = await inTransaction(world, async () => {
        await world.here.write('joined here');
        return [currentXid(), await ask(world, 'write', 'joined there')] as const;
      });
      assert.deepEqual(seen, { xid, linkedXid: '', application: 'receiver' });
      assert.deepEqual(await rowsLike(world, 'joined'), ['joined here', 'joined there']);
    },
  },
  {
    name: 'what Nest runs before the handler is in the transaction, too',
    needs: ['request'],
    run: async (world) => {
      const seen = await inTransaction(world, () => ask(world, 'look'));
      assert.deepEqual(world.receiver.guarded, seen);
    },
  },
  {
    name: 'without a transaction nothing is added, and the receiver is in none',
    needs: ['request'],
    run: async (world) => {
      await inTransaction(world, () => ask(world, 'look'));
      assert.match(world.takeWire(), /tx_xid/i, 'the wire shows no xid at all');
      const seen = await ask(world, 'look');
      assert.deepEqual(seen, NOTHING);
      assert.doesNotMatch(world.takeWire(), /xid"?:|metadata"|TX_XID|tx_xid/);
    },
  },
  {
    name: 'what is sent after the end says nothing of the transaction',
    needs: ['request'],
    run: async (world) => {
      let end = (): void => undefined;
      const ended = new Promise<void>((resolve) => (end = resolve));
      const [late] = await inTransaction(world, async () => [ended.then(() => ask(world, 'look'))]);
      world.takeWire();
      end();
      assert.deepEqual(await late, NOTHING);
      assert.doesNotMatch(world.takeWire(), /tx_xid|linked_xid/i);
    },
  },
  {
    name: 'what the receiver leaves running is in the transaction no longer',
    needs: ['request'],
    run: async (world) => {
      const { receiver } = world;
      await inTransaction(world, () => ask(world, 'leak', 'leaked there'));
      await until(() => receiver.leakedPart?.isActive === false);
      receiver.goOn();
      assert.equal(await receiver.leaked, 'DTX_ERR_TM_FINISHED');
      assert.deepEqual(await rowsLike(world, 'leaked'), []);
    },
  },
  {
    name: 'transactions that run at the same time, and messages outside of them, do not mix',
    needs: ['request'],
    run: async (world) => {
      const outside = { expected: '', ask: () => ask(world, 'look') };
      const messages = Array.from({ length: MESSAGE_COUNT }, async (_, index) => {
        if (index % 4 === 0) return { expected: '', seen: (await outside.ask()).xid };
        return inTransaction(world, async () => {
          const expected = currentXid();
          return { expected, seen: (await ask(world, 'look')).xid };
        });
      });
      const wrong = (await Promise.all(messages)).filter(({ expected, seen }) => expected !== seen);
      assert.deepEqual(wrong, []);
    },
  },
  {
    name: 'the sender goes on in its own transaction, whoever opened the connection',
    needs: ['request'],
    run: async (world) => {
      const messages = Array.from({ length: MESSAGE_COUNT }, () =>
        inTransaction(world, async () => {
          const expected = currentXid();
          const answers = world.sending.request!({ task: 'look', text: '' });
          return { expected, after: await firstValueFrom(answers.pipe(map(() => currentXid()))) };
        }),
      );
      const wrong = (await Promise.all(messages)).filter(
        ({ expected, after }) => expected !== after,
      );
      assert.deepEqual(wrong, []);
      const outside = world.sending.request!({ task: 'look', text: '' });
      assert.equal(await firstValueFrom(outside.pipe(map(() => currentXid()))), undefined);
    },
  },
  {
    name: 'a malformed xid is refused with its code, and nothing is done',
    needs: ['requestWithXid'],
    run: async (world) => {
      const call: Call = { task: 'write', text: 'forged there' };
      const answer = firstValueFrom(world.sending.requestWithXid!('not an xid', call));
      await assert.rejects(answer, (error) => {
        assert.match(textOf(error), /DTX_ERR_BAD_XID.*not an xid/);
        return true;
      });
      assert.deepEqual(await rowsLike(world, 'forged'), []);
    },
  },
  {
    name: 'an xid that the application has set itself is left as it is',
    needs: ['requestWithXid'],
    run: async (world) => {
      const seen = await inTransaction(world, () =>
        firstValueFrom(world.sending.requestWithXid!('by-hand', { task: 'look', text: '' })),
      );
      assert.equal(seen.xid, 'by-hand');
    },
  },
];
