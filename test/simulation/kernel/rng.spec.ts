import { Rng } from './rng.js';

const draw = (seed: number): readonly number[] => {
  const rng = new Rng(seed);
  return Array.from({ length: 50 }, () => rng.u32());
};

describe('Seeded random numbers', () => {
  it('are the same for the same seed', () => {
    expect(draw(7)).toEqual(draw(7));
  });

  it('differ for seeds side by side', () => {
    const firsts = Array.from({ length: 1_000 }, (_, seed) => draw(seed)[0]);

    expect(new Set(firsts).size).toBe(1_000);
  });

  it('are spread evenly', () => {
    const rng = new Rng(1);
    const counts = Array.from({ length: 10 }, () => 0);

    for (let round = 0; round < 10_000; round += 1) {
      const value = rng.below(10);
      counts[value] = (counts[value] ?? 0) + 1;
    }

    expect(Math.min(...counts)).toBeGreaterThan(900);
    expect(Math.max(...counts)).toBeLessThan(1_100);
  });

  it('keep to their bounds, both included for whole numbers', () => {
    const rng = new Rng(2);

    const seen = new Set(Array.from({ length: 200 }, () => rng.whole(3, 6)));

    expect([...seen].sort()).toEqual([3, 4, 5, 6]);
  });

  it('never take a chance of zero', () => {
    const rng = new Rng(3);

    expect(Array.from({ length: 100 }, () => rng.chance(0))).not.toContain(true);
  });
});
