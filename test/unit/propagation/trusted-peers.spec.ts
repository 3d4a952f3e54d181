import { trustedPeers } from '../../../lib/propagation/trusted-peers.js';

it.each([
  ['127.0.0.1', true],
  ['::ffff:127.0.0.1', true],
  ['10.200.0.1', true],
  ['::ffff:10.200.0.1', true],
  ['fe80::5%eth0', true],
  ['127.0.0.2', false],
  ['11.0.0.1', false],
  ['::1', false],
  ['', false],
  [undefined, false],
])('of 127.0.0.1, 10.0.0.0/8 and fe80::/10, %s is trusted: %s', (address, expected) => {
  const isTrusted = trustedPeers(['127.0.0.1', '10.0.0.0/8', 'fe80::/10']);
  expect(isTrusted(address)).toBe(expected);
});

it('trusts everybody without a list', () => {
  expect(trustedPeers(undefined)('8.8.8.8')).toBe(true);
});

it('trusts nobody with an empty list', () => {
  expect(trustedPeers([])('127.0.0.1')).toBe(false);
});
