import { backOffMs } from '../../../lib/system/index.js';

const bounds = { minMs: 100, maxMs: 1_000 };
const idsWith = (branchId: string) => ({ newXid: () => 'x', newBranchId: () => branchId });

describe('The pause before another try', () => {
  it.each([
    [1, 50, 100],
    [2, 100, 200],
    [4, 400, 800],
    [5, 500, 1_000],
    [1_000_000, 500, 1_000],
  ])('after failure %s is between %s and %s ms', (failures, minMs, maxMs) => {
    expect(backOffMs(failures, bounds, idsWith('70000'))).toBe(minMs);
    expect(backOffMs(failures, bounds, idsWith('79999'))).toBe(maxMs);
  });

  it('is half of it and more for an id of few digits', () => {
    expect(backOffMs(1, bounds, idsWith('1'))).toBe(50);
  });

  it('differs between those who failed together', () => {
    const pauses = ['70000', '72500', '75000', '77500'].map((id) =>
      backOffMs(5, bounds, idsWith(id)),
    );

    expect(pauses).toEqual([500, 625, 750, 875]);
  });
});
