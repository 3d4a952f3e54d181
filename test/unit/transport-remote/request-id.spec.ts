import { requestIdAfter } from '../../../lib/transport/remote/request-id.js';

const MAX = 2 ** 32 - 1;

describe('The number of a request', () => {
  it.each([
    ['counts from 1', 0, [], 1],
    ['goes up', 7, [], 8],
    ['uses the last number', MAX - 1, [], MAX],
    ['comes again after the last, without 0', MAX, [], 1],
    ['is never that of a call that waits', 7, [8, 9], 10],
    ['nor around the end', MAX - 1, [MAX, 1], 2],
  ])('%s: after %s with %j taken', (_name, lastId, taken, expected) => {
    expect(requestIdAfter(lastId, (id) => new Set<number>(taken).has(id))).toBe(expected);
  });
});
