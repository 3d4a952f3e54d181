import { isXidHeader, readXid } from '../../../lib/propagation/http-header.js';

describe('readXid', () => {
  it.each([
    ['no header', {}, undefined],
    ['tx_xid', { tx_xid: 'a1' }, 'a1'],
    ['tx-xid, as a proxy that drops underscores is told to send it', { 'tx-xid': 'a1' }, 'a1'],
    ['both names, equal', { tx_xid: 'a1', 'tx-xid': 'a1' }, 'a1'],
    ['the same line twice, as node joins it', { tx_xid: 'a1, a1' }, 'a1'],
    ['the same line twice, as a list', { tx_xid: ['a1', 'a1'] }, 'a1'],
    ['white space around it', { tx_xid: '  a1\t' }, 'a1'],
    ['a blank value', { tx_xid: ' ' }, undefined],
    ['one name blank, the other not', { tx_xid: '', 'tx-xid': 'a1' }, 'a1'],
    ['all characters that an xid may have', { tx_xid: 'Az09._-' }, 'Az09._-'],
    ['forty characters', { tx_xid: 'a'.repeat(40) }, 'a'.repeat(40)],
  ])('%s', (_what, headers, expected) => {
    expect(readXid(headers)).toBe(expected);
  });

  it.each([
    ['two values in one name', { tx_xid: 'a1, b2' }],
    ['two values in a list', { tx_xid: ['a1', 'b2'] }],
    ['two names that differ', { tx_xid: 'a1', 'tx-xid': 'b2' }],
    ['two values that differ in case only', { tx_xid: 'a1', 'tx-xid': 'A1' }],
    ['a character that no xid has', { tx_xid: "a1';drop" }],
    ['a blank inside', { tx_xid: 'a 1' }],
    ["Seata's address form", { tx_xid: '10.0.0.1:8091:42' }],
    ['forty-one characters', { tx_xid: 'a'.repeat(41) }],
    ['a non-ASCII digit', { tx_xid: 'a\u0661' }],
  ])('refuses %s', (_what, headers) => {
    expect(() => readXid(headers)).toThrow(/^\[DTX_ERR_BAD_XID\] /);
  });

  it('shows both values that contradict each other', () => {
    expect(() => readXid({ tx_xid: 'a1', 'tx-xid': 'b2' })).toThrow('"a1, b2" is not an xid');
  });
});

describe('isXidHeader', () => {
  it.each(['TX_XID', 'tx_xid', 'Tx-Xid'])('knows %s', (name) => {
    expect(isXidHeader(name)).toBe(true);
  });

  it.each(['X-TX_XID', 'txxid', '', undefined, 7])('does not know %s', (name) => {
    expect(isXidHeader(name)).toBe(false);
  });
});
