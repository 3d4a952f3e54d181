import type { SessionStore, StoreAnswer } from '../../../lib/coordinator/index.js';
import { MemorySessionStore, operateAsVisitor } from '../../../lib/coordinator/index.js';
import { SessionUnreadableError } from '../../../lib/protocol/index.js';
import { systemClock } from '../../../lib/system/index.js';
import {
  branch,
  insertOf,
  session,
} from '../../integration/coordinator/store-conformance/sessions.js';

const COMMITTING = session({ status: 'committing', decidedAtMs: 1, branches: [branch()] });

/** Gives an order about a committing session to a store that answers each write like that. */
async function orderAt(answer: StoreAnswer, advice?: string): Promise<unknown> {
  const memory = new MemorySessionStore({ place: 'postgres://db/orders' });
  await memory.apply([insertOf(COMMITTING)]);
  const store = {
    place: memory.place,
    ...(advice !== undefined && { advice }),
    load: (keys) => memory.load(keys),
    apply: (batch) => Promise.resolve(batch.map(() => answer)),
  } as Partial<SessionStore> as SessionStore;
  const visit = { store, clock: systemClock, namespace: 'default' };
  return operateAsVisitor(visit, { xid: COMMITTING.xid, action: 'stop' });
}

describe("A person's order in a store that does not take it", () => {
  it('is answered with the advice of the store', async () => {
    const failed: StoreAnswer = { kind: 'failed', error: new Error('read-only') };

    await expect(orderAt(failed, 'Ask the server.')).rejects.toThrow(
      "[DTX_ERR_TC_STORE] The coordinator's store postgres://db/orders cannot be used: " +
        'read-only. Ask the server.',
    );
    await expect(orderAt(failed)).rejects.toThrow('Check that its folder exists');
  });

  it('is told when a newer version has written the record meanwhile', async () => {
    const error = new SessionUnreadableError(COMMITTING.xid, 'status is "suspended"');

    await expect(orderAt({ kind: 'failed', error })).rejects.toBe(error);
  });

  it('is given up when others keep changing the record', async () => {
    const overtaken = orderAt({ kind: 'refused', found: COMMITTING });

    await expect(overtaken).rejects.toMatchObject({ code: 'DTX_ERR_TC_CONTENDED' });
  });
});
