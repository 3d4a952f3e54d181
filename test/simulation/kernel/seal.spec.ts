import { randomUUID } from 'node:crypto';

import { sealed } from './seal.js';

const ambient = (): readonly unknown[] => [Date, Date.now, Math.random, setTimeout, setImmediate];

describe('A sealed run', () => {
  it.each<[string, () => unknown]>([
    ['Date.now()', () => Date.now()],
    ['new Date()', () => new Date()],
    ['Math.random()', () => Math.random()],
    ['setTimeout()', () => setTimeout(() => undefined, 0)],
    ['setImmediate()', () => setImmediate(() => undefined)],
    ['performance.now()', () => performance.now()],
    ['process.hrtime()', () => process.hrtime.bigint()],
    ['globalThis.crypto', () => globalThis.crypto.randomUUID()],
  ])('refuses %s', async (_what, call) => {
    await expect(sealed(async () => call())).rejects.toThrow('inside a simulation');
  });

  it('lets dates be values', async () => {
    const year = await sealed(async () => new Date(0).getUTCFullYear());

    expect(year).toBe(1970);
  });

  it('gives everything back at the end, also after an error', async () => {
    const before = ambient();

    await expect(sealed(() => Promise.reject(new Error('oh')))).rejects.toThrow('oh');

    expect(ambient()).toEqual(before);
    expect(randomUUID()).toHaveLength(36);
  });
});
