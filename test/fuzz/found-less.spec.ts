import { hasFoundLess } from './found-less.js';
import type { Local } from './plan.js';
import type { Played } from './play.js';
import { OK } from './play.js';

const UPDATE: Local = {
  isAutocommit: false,
  settings: [],
  goesOn: false,
  commits: true,
  steps: [{ sql: 'UPDATE team SET id = 2 WHERE id = 1', savepoint: 'undo' }],
};

const answer = (outcome: string, rowCount?: number): Played => ({
  outcomes: [outcome],
  rowCounts: [rowCount],
  committed: true,
});

describe('A write that found less than it does where nothing is rolled back', () => {
  it('wrote nothing, and writes when it is played again', () => {
    expect(hasFoundLess(UPDATE, answer(OK, 0), answer(OK, 1))).toBe(true);
  });

  it('wrote nothing, and fails at a row when it is played again', () => {
    expect(hasFoundLess(UPDATE, answer(OK, 0), answer('23505'))).toBe(true);
  });

  it('failed, and writes when it is played again', () => {
    expect(hasFoundLess(UPDATE, answer('23503'), answer(OK, 1))).toBe(true);
  });

  it('failed at its COMMIT, and does not when it is played again', () => {
    const [was, is] = [answer(OK, 1), answer(OK, 1)];

    expect(
      hasFoundLess(UPDATE, { ...was, outcomes: [OK, '23503'] }, { ...is, outcomes: [OK, OK] }),
    ).toBe(true);
  });

  it('is none where it fails both times', () => {
    expect(hasFoundLess(UPDATE, answer('23503'), answer('23503'))).toBe(false);
  });

  it('is none where both write nothing', () => {
    expect(hasFoundLess(UPDATE, answer(OK, 0), answer(OK, 0))).toBe(false);
  });

  it('is none where it wrote, and fails when it is played again', () => {
    expect(hasFoundLess(UPDATE, answer(OK, 1), answer('23505'))).toBe(false);
  });

  it('is none where the statement is not reached when it is played again', () => {
    const ended: Played = { outcomes: [], rowCounts: [], committed: false };

    expect(hasFoundLess(UPDATE, answer(OK, 0), ended)).toBe(false);
  });
});
