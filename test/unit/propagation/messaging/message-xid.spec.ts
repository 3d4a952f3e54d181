import { readMessageXid } from '../../../../lib/propagation/messaging/message-xid.js';

const KEYS = { join: ['TX_XID', 'tx_xid'], link: ['DTX_LINKED_XID'] };

const read = (metadata: Readonly<Record<string, unknown>>) =>
  readMessageXid(KEYS, (key) => metadata[key]);

describe('the xid of a message', () => {
  it.each([
    ['nothing', {}, undefined],
    ['an empty text', { TX_XID: ' ' }, undefined],
    ['null', { TX_XID: null }, undefined],
    ['an xid to join', { TX_XID: 'x1' }, { mode: 'join', xid: 'x1' }],
    ['the same under two names', { TX_XID: 'x1', tx_xid: 'x1' }, { mode: 'join', xid: 'x1' }],
    ['a list', { TX_XID: ['x1'] }, { mode: 'join', xid: 'x1' }],
    ['a link', { DTX_LINKED_XID: 'x1' }, { mode: 'link', xid: 'x1' }],
    ['both', { TX_XID: 'x1', DTX_LINKED_XID: 'x2' }, { mode: 'join', xid: 'x1' }],
    ['a malformed link', { DTX_LINKED_XID: 'a b' }, undefined],
    ['a link that is no text', { DTX_LINKED_XID: 1 }, undefined],
  ])('is read from %s', (_what, metadata, expected) => {
    expect(read(metadata)).toEqual(expected);
  });

  it.each([
    ['a space', { TX_XID: 'a b' }, '"a b" is not an xid'],
    ['two that differ', { TX_XID: ['x1', 'x2'] }, '"x1, x2" is not an xid'],
    ['a number', { TX_XID: 7 }, '"7" is not an xid'],
    ['an object', { TX_XID: { a: 1 } }, '"{\\"a\\":1}" is not an xid'],
    ['bytes', { TX_XID: Buffer.from('x') }, 'is not an xid'],
    ['a text without end', { TX_XID: 'x'.repeat(41) }, 'is not an xid'],
  ])('is refused with %s', (_what, metadata, message) => {
    expect(() => read(metadata)).toThrow(message);
  });
});
