import type { Guards } from './ledger.js';
import { ALL_GUARDS, Ledger } from './ledger.js';

const BOOKINGS = [{ account: 'a', amount: -10 }];
const PHASE_ONE = { xid: 'x', branchId: '1', workId: 'x:0', bookings: BOOKINGS };

const newLedger = (guards: Guards = ALL_GUARDS): Ledger =>
  new Ledger('rm1', ['a', 'b'], 100, guards);

describe('The database of a participant', () => {
  it('keeps what is committed', () => {
    const ledger = newLedger();

    ledger.commitPhaseOne(PHASE_ONE);
    ledger.commitBranch('x', '1');

    expect({ sum: ledger.sum, locks: ledger.locks.size }).toEqual({ sum: 190, locks: 0 });
  });

  it('puts back what is rolled back, once', () => {
    const ledger = newLedger();
    ledger.commitPhaseOne(PHASE_ONE);

    ledger.rollbackBranch('x', '1');
    ledger.rollbackBranch('x', '1');

    expect({ sum: ledger.sum, locks: ledger.locks.size }).toEqual({ sum: 200, locks: 0 });
  });

  it('puts it back twice without the guard', () => {
    const ledger = newLedger({ ...ALL_GUARDS, idempotence: false });
    ledger.commitPhaseOne(PHASE_ONE);

    ledger.rollbackBranch('x', '1');
    ledger.rollbackBranch('x', '1');

    expect(ledger.sum).toBe(210);
  });

  it('refuses a phase one that comes behind its rollback', () => {
    const ledger = newLedger();

    ledger.rollbackBranch('x', '1');

    expect(ledger.commitPhaseOne(PHASE_ONE)).toBe('FENCED');
    expect(ledger.sum).toBe(200);
  });

  it('takes such a phase one without the guard, and shows it', () => {
    const ledger = newLedger({ ...ALL_GUARDS, hanging: false });

    ledger.rollbackBranch('x', '1');

    expect(ledger.commitPhaseOne(PHASE_ONE)).toBeUndefined();
    expect([...ledger.rows].map(({ isHanging }) => isHanging)).toEqual([true]);
  });

  it('locks a row against other transactions until phase two', () => {
    const ledger = newLedger();
    const other = { ...PHASE_ONE, xid: 'y', branchId: '2', workId: 'y:0' };
    ledger.commitPhaseOne(PHASE_ONE);

    const refusals = [ledger.commitPhaseOne(other), ledger.ownerOf(BOOKINGS)];
    ledger.commitBranch('x', '1');
    refusals.push(ledger.commitPhaseOne(other));

    expect(refusals).toEqual(['LOCKED', 'x', undefined]);
  });

  it('keeps a row locked until the last branch of its transaction has let go', () => {
    const ledger = newLedger();
    ledger.commitPhaseOne(PHASE_ONE);
    ledger.commitPhaseOne({ ...PHASE_ONE, branchId: '2', workId: 'x:1' });

    ledger.rollbackBranch('x', '2');

    expect([...ledger.locks]).toEqual([['a', 'x']]);
  });

  it('does the same work once, also in another branch', () => {
    const ledger = newLedger();
    ledger.commitPhaseOne(PHASE_ONE);

    expect(ledger.commitPhaseOne({ ...PHASE_ONE, branchId: '2' })).toBe('DONE_ALREADY');
    expect(ledger.sum).toBe(190);
  });
});
