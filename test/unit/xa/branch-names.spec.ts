import { partsOf, scopeOf, tagOf } from '../../../lib/resource/xa/index.js';

const LONGEST = { xid: 'x'.repeat(40), branchId: '9223372036854775807' };

describe('names of prepared branches', () => {
  it('stay within the 64 bytes that each part of an XA id may have', () => {
    const parts = partsOf(scopeOf('r'.repeat(128)), LONGEST);

    expect(parts.map((part) => Buffer.byteLength(part))).toEqual([44, 32]);
  });

  it('lead back to their branch', () => {
    const scope = scopeOf('orders');
    const [first, second] = partsOf(scope, LONGEST);

    expect(tagOf(scope, first, second)).toEqual(LONGEST);
  });

  it('belong to one data source', () => {
    const [first, second] = partsOf(scopeOf('orders'), LONGEST);

    expect(tagOf(scopeOf('stock'), first, second)).toBeUndefined();
  });

  it.each([
    { xid: "x'; DROP TABLE account; --", branchId: '1' },
    { xid: 'x:y', branchId: '1' },
    { xid: '', branchId: '1' },
    { xid: 'x'.repeat(41), branchId: '1' },
    { xid: 'x', branchId: "1'" },
    { xid: 'x', branchId: '0' },
    { xid: 'x', branchId: '1e3' },
  ])('are not made of %j', (tag) => {
    const name = (): unknown => partsOf(scopeOf('orders'), tag);

    expect(name).toThrow();
  });

  it.each([
    ['dtx:x', 'scope:0'],
    ['dtx:x', 'scope:01'],
    ['dtx:x:y', 'scope:1'],
    ['dtx:x', 'scope:1:2'],
    ['dtx:', 'scope:1'],
    ['DTX:x', 'scope:1'],
    ['xtd:x', 'scope:1'],
    ['', ''],
  ])('are not seen in %j, %j', (first, second) => {
    expect(tagOf('scope', first, second)).toBeUndefined();
  });
});
