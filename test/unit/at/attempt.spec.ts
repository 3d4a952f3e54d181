import type { Attempt } from '../../../lib/resource/at/attempt.js';
import { onCredit } from '../../../lib/resource/at/attempt.js';

const holder = { table: 'account', key: '1', holderXid: 'holder' };
const credit = (isDurable: boolean) => ({ holder, durable: Promise.resolve(isDurable) });

const made = (): Promise<Attempt<number>> => Promise.resolve({ result: 1 });
const failed = (): Promise<Attempt<number>> => Promise.reject(new Error('refused'));

describe('An attempt upon a commit that is not durable yet', () => {
  it('comes to its result when that is durable', async () => {
    await expect(onCredit(credit(true), made)).resolves.toEqual({ result: 1 });
  });

  it('has met the holder if that never is', async () => {
    await expect(onCredit(credit(false), made)).resolves.toEqual({ conflict: holder });
  });

  it('fails when it is durable what it failed at', async () => {
    await expect(onCredit(credit(true), failed)).rejects.toThrow('refused');
  });

  it('does not fail at what never was', async () => {
    await expect(onCredit(credit(false), failed)).resolves.toEqual({ conflict: holder });
  });

  it('is not kept waiting where it builds upon nothing', async () => {
    await expect(onCredit(undefined, made)).resolves.toEqual({ result: 1 });
  });
});
