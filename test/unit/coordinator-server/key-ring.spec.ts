import { KeyRing } from '../../../lib/coordinator/server/native/key-ring.js';

describe('A ring of keys', () => {
  const ring = new KeyRing(['first', 'second', { key: 'bound', namespaces: ['shop'] }]);

  it.each([
    ['first', 'shop', true],
    ['second', 'bank', true],
    ['bound', 'shop', true],
    ['bound', 'bank', false],
    ['third', 'shop', false],
    ['', 'shop', false],
    ['firs', 'shop', false],
    ['first\0', 'shop', false],
  ])('answers for key "%s" and namespace "%s": %s', (key, namespace, isAdmitted) => {
    expect(ring.admits(key, namespace)).toBe(isAdmitted);
  });

  it('admits everybody when it is empty', () => {
    expect(new KeyRing([]).admits('', 'shop')).toBe(true);
  });

  it('may hold one key twice, for different namespaces', () => {
    const both = new KeyRing([
      { key: 'k', namespaces: ['shop'] },
      { key: 'k', namespaces: ['bank'] },
    ]);

    expect([both.admits('k', 'shop'), both.admits('k', 'bank')]).toEqual([true, true]);
  });

  it('refuses an empty key', () => {
    expect(() => new KeyRing([{ key: '', namespaces: ['shop'] }])).toThrow('DTX_ERR_CONFIG_OPTION');
  });
});
