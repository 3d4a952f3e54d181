import { isBranchId, isXid } from '../../../lib/protocol/index.js';
import { systemClock, systemIds } from '../../../lib/system/index.js';

describe('systemIds', () => {
  it('makes xids of 128 bits in hexadecimal, none twice', () => {
    const xids = Array.from({ length: 5_000 }, () => systemIds.newXid());

    expect(xids.every((xid) => isXid(xid) && /^[0-9a-f]{40}$/.test(xid))).toBe(true);
    expect(new Set(xids).size).toBe(5_000);
  });

  it('makes no xid out of parts of the one before', () => {
    const xids = Array.from({ length: 1_000 }, () => systemIds.newXid());

    const pieces = xids.slice(1).map((xid, index) => [xid.slice(8, 20), xids[index]!] as const);

    expect(pieces.filter(([piece, before]) => before.includes(piece))).toEqual([]);
  });

  it('makes branch ids of 63 bits in decimal, none twice', () => {
    const ids = Array.from({ length: 5_000 }, () => systemIds.newBranchId());

    expect(ids.every(isBranchId)).toBe(true);
    expect(new Set(ids).size).toBe(5_000);
    expect(ids.some((id) => BigInt(id) > 1n << 62n)).toBe(true);
  });
});

describe('systemClock', () => {
  it('calls back after the delay, and not when it was cancelled', async () => {
    const called: string[] = [];
    const cancelled = systemClock.after(1, () => called.push('cancelled'));
    cancelled.cancel();
    const startedMs = systemClock.monotonicMs();

    await new Promise<void>((resolve) => systemClock.after(20, resolve));

    expect(systemClock.monotonicMs() - startedMs).toBeGreaterThanOrEqual(19);
    expect(called).toEqual([]);
  });

  it('calls back soon, behind what this turn still does', async () => {
    const order: string[] = [];

    await new Promise<void>((resolve) => {
      systemClock.soon(() => {
        order.push('soon');
        resolve();
      });
      void Promise.resolve().then(() => order.push('this turn'));
    });

    expect(order).toEqual(['this turn', 'soon']);
  });

  it('tells the time of day in milliseconds', () => {
    expect(Math.abs(systemClock.now() - Date.now())).toBeLessThan(1_000);
  });
});
