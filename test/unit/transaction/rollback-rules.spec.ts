import * as fc from 'fast-check';

import type { RollbackRule } from '../../../lib/transaction/index.js';
import { rollsBack } from '../../../lib/transaction/index.js';

class ShopError extends Error {}
class MailError extends ShopError {}
class BounceError extends MailError {
  readonly code = 'BOUNCED';
}

interface Case {
  readonly title: string;
  readonly rollbackFor?: readonly RollbackRule[];
  readonly noRollbackFor?: readonly RollbackRule[];
  readonly thrown: unknown;
  readonly rollback: boolean;
}

const isBounce = (thrown: unknown): boolean => thrown instanceof BounceError;

const cases: readonly Case[] = [
  { title: 'no rule', thrown: new MailError(), rollback: true },
  { title: 'no rule matches', noRollbackFor: [MailError], thrown: new ShopError(), rollback: true },
  { title: 'a listed class', noRollbackFor: [MailError], thrown: new MailError(), rollback: false },
  { title: 'its subclass', noRollbackFor: [MailError], thrown: new BounceError(), rollback: false },
  {
    title: 'a listed code',
    noRollbackFor: ['BOUNCED'],
    thrown: new BounceError(),
    rollback: false,
  },
  { title: 'a predicate', noRollbackFor: [isBounce], thrown: new BounceError(), rollback: false },
  { title: 'a predicate that says no', noRollbackFor: [isBounce], thrown: 'x', rollback: true },
  {
    title: 'a subclass that rollbackFor wins back',
    noRollbackFor: [ShopError],
    rollbackFor: [BounceError],
    thrown: new BounceError(),
    rollback: true,
  },
  {
    title: 'a class between, where noRollbackFor is closer',
    noRollbackFor: [MailError],
    rollbackFor: [ShopError],
    thrown: new BounceError(),
    rollback: false,
  },
  {
    title: 'the same distance on both sides',
    noRollbackFor: [MailError],
    rollbackFor: [MailError],
    thrown: new MailError(),
    rollback: true,
  },
  { title: 'the built-in Error', noRollbackFor: [Error], thrown: new MailError(), rollback: false },
  { title: 'undefined', noRollbackFor: [Error], thrown: undefined, rollback: true },
];

describe('rollsBack', () => {
  it.each(cases)('decides for $title', ({ noRollbackFor, rollback, rollbackFor, thrown }) => {
    const rules = { rollbackFor: rollbackFor ?? [], noRollbackFor: noRollbackFor ?? [] };
    expect(rollsBack(rules, thrown)).toBe(rollback);
  });

  it('rolls back for every thrown value when nothing is excepted', () => {
    const rules = { rollbackFor: [ShopError], noRollbackFor: [] };

    const check = fc.check(fc.property(fc.anything(), (thrown) => rollsBack(rules, thrown)));

    expect(check).toMatchObject({ failed: false, numRuns: 100 });
  });
});
