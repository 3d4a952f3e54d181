import fc from 'fast-check';

import type { HoldersOf, WaitEdge } from '../../../lib/coordinator/core/index.js';
import { circleEndedBy, isInCircle } from '../../../lib/coordinator/core/index.js';

/** `'b>a'`: b waits for a. */
function waitsOf(...texts: readonly string[]): readonly WaitEdge[] {
  return texts.map((text) => {
    const [waiterXid = '', holderXid = ''] = text.split('>');
    return { waiterXid, holderXid };
  });
}

function holdersIn(waits: readonly WaitEdge[]): HoldersOf {
  return (xid) =>
    waits.filter(({ waiterXid }) => waiterXid === xid).map(({ holderXid }) => holderXid);
}

/** The circles, by the wait that has to end each. */
function endings(...texts: readonly string[]): Readonly<Record<string, string>> {
  const waits = waitsOf(...texts);
  const found = waits.map((wait) => circleEndedBy(wait, holdersIn(waits)));
  return Object.fromEntries(
    texts.flatMap((text, index) => {
      const circle = found[index];
      return circle === undefined ? [] : [[text, circle.join('>')]];
    }),
  );
}

describe('A circle of waits', () => {
  it('is ended by the wait of its youngest member', () => {
    expect(endings('a>b', 'b>a')).toEqual({ 'b>a': 'b>a' });
  });

  it('is ended once, whatever its length and wherever it is looked at from', () => {
    expect(endings('c>a', 'a>d', 'd>b', 'b>c')).toEqual({ 'd>b': 'd>b>c>a' });
  });

  it('is not seen where waits only meet', () => {
    expect(endings('b>a', 'c>a', 'c>b', 'd>c')).toEqual({});
  });

  it('is not ended by those who wait for a member of it', () => {
    expect(endings('a>b', 'b>a', 'z>a', 'z>b')).toEqual({ 'b>a': 'b>a' });
  });

  it('ends only the wait that is part of it, where its youngest waits for several', () => {
    expect(endings('c>a', 'a>c', 'c>b')).toEqual({ 'c>a': 'c>a' });
  });

  it('is ended for itself, where two share a member', () => {
    expect(endings('a>b', 'b>a', 'a>c', 'c>a')).toEqual({ 'b>a': 'b>a', 'c>a': 'c>a' });
  });

  it('is none where somebody waits for itself', () => {
    expect(endings('a>a')).toEqual({});
  });
});

const xid = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f');
const wait = fc.tuple(xid, xid).map(([waiterXid, holderXid]) => ({ waiterXid, holderXid }));

describe('Any waits', () => {
  it('have no circle left when those have ended that had to', () => {
    fc.assert(
      fc.property(fc.array(wait, { maxLength: 15 }), (waits) => {
        const isKept = (one: WaitEdge): boolean =>
          circleEndedBy(one, holdersIn(waits)) === undefined;
        const left = waits.filter(isKept);
        expect(left.filter((one) => isInCircle(one, holdersIn(left)))).toEqual([]);
      }),
    );
  });

  it('lose none that is in no circle', () => {
    fc.assert(
      fc.property(fc.array(wait, { maxLength: 15 }), (waits) => {
        for (const one of waits) {
          const circle = circleEndedBy(one, holdersIn(waits));
          if (circle === undefined) continue;
          expect(isInCircle(one, holdersIn(waits))).toBe(true);
          expect(circle[0]).toBe([...circle].sort().at(-1));
        }
      }),
    );
  });
});
