import { Vigil, sweepMsOf } from '../../../lib/coordinator/server/native/vigil.js';

const OPTIONS = { heartbeatMs: 400, helloMs: 1_000 };
const LOOKS = 4;
const fine = { isGreeted: true, isClogged: false, takenFrames: 0 };

describe('The vigil over a stream', () => {
  let vigil: Vigil;
  beforeEach(() => {
    vigil = new Vigil(OPTIONS);
  });

  const look = (times: number, standing = fine): unknown[] =>
    Array.from({ length: times }, () => String(vigil.sweep(standing)));
  const well = (count: number): string[] => Array.from({ length: count }, () => 'well');

  it('asks once after a heartbeat of silence, and gives up after two', () => {
    const [asked, given] = [look(LOOKS), look(LOOKS)];

    expect(asked).toEqual([...well(LOOKS - 1), 'ask']);
    expect(given.slice(0, -1)).toEqual(well(LOOKS - 1));
    expect(given.at(-1)).toContain('nothing for 800 ms');
  });

  it('begins anew with everything that comes', () => {
    look(LOOKS);
    vigil.heard();

    expect(look(LOOKS)).toEqual(well(LOOKS));
    expect(look(1)).toEqual(['ask']);
  });

  it('looks often within a heartbeat, and at least every second', () => {
    expect([sweepMsOf(OPTIONS), sweepMsOf({ heartbeatMs: 60_000 })]).toEqual([100, 1_000]);
    expect(sweepMsOf({ heartbeatMs: 1 })).toBe(10);
  });

  it('waits for the hello as long as is agreed, whatever else comes', () => {
    const looks = Array.from({ length: 10 }, () => {
      vigil.heard();
      return vigil.sweep({ ...fine, isGreeted: false });
    });

    expect(looks).toEqual(well(10));
    expect(look(1, { ...fine, isGreeted: false })[0]).toContain('no hello within 1000 ms');
  });

  it('does not take its own refusal to read for silence', () => {
    const clogged = { ...fine, isClogged: true };
    const looks = Array.from({ length: 5 * LOOKS }, (_, takenFrames) =>
      vigil.sweep({ ...clogged, takenFrames }),
    );

    expect(looks).toEqual(well(5 * LOOKS));
  });

  it('gives up a client that takes nothing for three heartbeats', () => {
    const clogged = { ...fine, isClogged: true };

    expect(look(3 * LOOKS, clogged)).toEqual(well(3 * LOOKS));
    expect(look(1, clogged)[0]).toContain('nothing it was sent was read for 1200 ms');
  });

  it('bears 256 useless messages in a heartbeat, and as many in the next', () => {
    const useless = (count: number): boolean =>
      Array.from({ length: count }, () => vigil.useless()).every(Boolean);

    expect(useless(256)).toBe(true);
    look(LOOKS);
    expect(useless(256)).toBe(true);
    expect(useless(1)).toBe(false);
  });
});
