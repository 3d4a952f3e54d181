import type { BranchHandler, BranchTarget } from '../../../lib/protocol/index.js';
import { fromWireOutcomes, toWirePhaseTwo } from '../../../lib/protocol/wire/index.js';
import { Attachment } from '../../../lib/transport/remote/attachment.js';
import { HOSTILE_TAGS } from '../../support/hostile-tags.js';

const GOOD: BranchTarget = { xid: 'x1', branchId: '7' };

describe('A phase-two call of a coordinator', () => {
  const called: BranchTarget[] = [];
  const done = (targets: readonly BranchTarget[]) => {
    called.push(...targets);
    return Promise.resolve(targets.map(() => ({ kind: 'done' }) as const));
  };
  const handler: BranchHandler = {
    resourceId: 'bank',
    type: 'AT',
    commitBranches: done,
    rollbackBranches: done,
  };
  beforeEach(() => called.splice(0));

  it.each(HOSTILE_TAGS)('brings no resource $what', async ({ code, tag }) => {
    const call = toWirePhaseTwo('rollback', 'bank', [GOOD, tag, GOOD]);

    const outcomes = fromWireOutcomes(await new Attachment(handler).finish(call), 3);

    expect(called).toEqual([GOOD, GOOD]);
    expect(outcomes).toEqual([
      { kind: 'done' },
      { kind: 'cannot', error: expect.stringContaining(code) as string },
      { kind: 'done' },
    ]);
  });
});
