import { shareAllowed } from '../../../sample/support/chaos.js';

describe('the pace of a load that has to see three kills', () => {
  const allowed = (kills: number, sinceKillMs: number): number =>
    shareAllowed({ kills, killsMin: 3, sinceKillMs });

  it('begins with nothing and grows evenly', () => {
    expect(allowed(0, 0)).toBe(0);
    expect(allowed(0, 1_500)).toBe(1 / 8);
    expect(allowed(0, 3_000)).toBe(1 / 4);
    expect(allowed(1, 1_500)).toBe(3 / 8);
  });

  it('waits for a kill that is late', () => {
    expect(allowed(2, 60_000)).toBe(3 / 4);
  });

  it('leaves a part of the load for the time after the last kill', () => {
    expect(allowed(3, 0)).toBe(3 / 4);
    expect(allowed(3, 3_000)).toBe(1);
  });

  it('ends with all of it, however many kills there are', () => {
    expect(allowed(9, 0)).toBe(1);
  });
});
