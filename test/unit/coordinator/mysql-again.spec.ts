import { again } from '../../../lib/coordinator/store/mysql/again.js';

const serverError = (errno: number) => Object.assign(new Error('no'), { errno, sqlState: '40001' });
const wrapped = (errno: number) => new Error('wrapped', { cause: serverError(errno) });

/** Fails with each of the errors in turn, then gives how often it was called. */
function failing(...errors: readonly unknown[]) {
  let calls = 0;
  return {
    calls: () => calls,
    work: async () => {
      calls += 1;
      if (calls <= errors.length) throw errors[calls - 1];
      return calls;
    },
  };
}

describe('Work on a MySQL or MariaDB server', () => {
  it.each([
    ['a deadlock', 1213],
    ['a row that somebody else inserted first', 1062],
    ['a row that is newer than the snapshot', 1020],
  ])('is done again after %s', async (_, errno) => {
    await expect(again(failing(serverError(errno), wrapped(errno)).work)).resolves.toBe(3);
  });

  it('is given up when it loses again and again', async () => {
    const { calls, work } = failing(...Array.from({ length: 99 }, () => serverError(1213)));

    await expect(again(work)).rejects.toMatchObject({ errno: 1213 });
    expect(calls()).toBe(5);
  });

  it.each([
    ['a value that does not fit', serverError(1406)],
    ['a lost connection, whatever number the system gives it', { errno: -104, code: 'ECONNRESET' }],
    ["a number that is not the server's", { errno: 1213 }],
  ])('is not done again after %s', async (_, error) => {
    const { calls, work } = failing(error);

    await expect(again(work)).rejects.toBe(error);
    expect(calls()).toBe(1);
  });
});
