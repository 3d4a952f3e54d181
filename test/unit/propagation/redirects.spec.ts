import { beginHop, noteRedirect } from '../../../lib/propagation/redirects.js';
import type { GlobalTransaction } from '../../../lib/transaction/index.js';

/** Redirects are kept per transaction, and nothing of it is looked at. */
const newTransaction = (): GlobalTransaction => ({}) as GlobalTransaction;

let transaction: GlobalTransaction;

beforeEach(() => {
  transaction = newTransaction();
});

/** A request to `from` is answered with `location`; whether the request to `to` is stray then. */
function isStrayAfter(from: string, location: string, to: string): boolean {
  noteRedirect(beginHop(transaction, new URL(from)), location);
  return beginHop(transaction, new URL(to)).isStray;
}

it.each([
  ['the same host', 'http://a/1', 'http://a/2', 'http://a/2', false],
  ['a relative location', 'http://a/1', '/2', 'http://a/2', false],
  ['an upgrade on default ports', 'http://a/1', 'https://a/2', 'https://a/2', false],
  ['the default port, spelled out', 'http://a/1', 'http://a:80/2', 'http://a/2', false],
  ['another host', 'http://a/1', 'http://b/2', 'http://b/2', true],
  ['a subdomain', 'http://a.local/1', 'http://b.a.local/2', 'http://b.a.local/2', true],
  ['another port', 'http://a/1', 'http://a:81/2', 'http://a:81/2', true],
  ['a location without a scheme', 'http://a/1', '//b/2', 'http://b/2', true],
  ['a downgrade', 'https://a/1', 'http://a/2', 'http://a/2', true],
  ['a fragment, which is not sent', 'http://a/1', 'http://b/2#part', 'http://b/2', true],
  ['a query', 'http://a/1', 'http://b/2?q=1', 'http://b/2?q=1', true],
  ['a path that has to be normalised', 'http://a/1', 'http://b/x/../2', 'http://b/2', true],
  ['somewhere else than it led', 'http://a/1', 'http://b/2', 'http://b/3', false],
  ['no URL', 'http://a/1', 'http://[', 'http://b/2', false],
])('a redirect to %s: %s, %s, then %s is stray: %s', (_what, from, location, to, expected) => {
  expect(isStrayAfter(from, location, to)).toBe(expected);
});

it('two redirects to one place make two requests there stray, and the third is not', () => {
  const target = new URL('http://b/2');
  noteRedirect(beginHop(transaction, new URL('http://a/1')), target.href);
  noteRedirect(beginHop(transaction, new URL('http://a/1')), target.href);
  const hops = [1, 2, 3].map(() => beginHop(transaction, target).isStray);
  expect(hops).toEqual([true, true, false]);
});

it('a stray hop stays stray, also where it is led on the same host and back', () => {
  noteRedirect(beginHop(transaction, new URL('http://a/1')), 'http://b/2');
  noteRedirect(beginHop(transaction, new URL('http://b/2')), '/3');
  const same = beginHop(transaction, new URL('http://b/3'));
  noteRedirect(same, 'http://a/4');
  const back = beginHop(transaction, new URL('http://a/4'));
  expect([same.isStray, back.isStray]).toEqual([true, true]);
});

it('from a host that cannot be read, only an absolute location is known, and it is stray', () => {
  noteRedirect(beginHop(transaction, undefined), '/2');
  noteRedirect(beginHop(transaction, undefined), 'http://a/3');
  const hops = ['http://a/2', 'http://a/3'].map(
    (url) => beginHop(transaction, new URL(url)).isStray,
  );
  expect(hops).toEqual([false, true]);
});

it('a hop that is known to continue another one is compared with it', () => {
  const first = beginHop(transaction, new URL('http://a/1'));
  const same = beginHop(transaction, new URL('http://a/2'), first);
  const other = beginHop(transaction, new URL('http://b/2'), same);
  const back = beginHop(transaction, new URL('http://a/3'), other);
  expect([same, other, back].map(({ isStray }) => isStray)).toEqual([false, true, true]);
});

it('one transaction’s redirects do not concern another', () => {
  noteRedirect(beginHop(transaction, new URL('http://a/1')), 'http://b/2');
  const other = newTransaction();
  expect(beginHop(other, new URL('http://b/2')).isStray).toBe(false);
});

it('redirects that are never followed are forgotten after 256, the oldest first', () => {
  const hop = beginHop(transaction, new URL('http://a/1'));
  for (let index = 0; index < 257; index += 1) noteRedirect(hop, `http://b/${String(index)}`);
  const isStray = (path: string): boolean =>
    beginHop(transaction, new URL(`http://b/${path}`)).isStray;
  expect([isStray('0'), isStray('1'), isStray('256')]).toEqual([false, true, true]);
});
