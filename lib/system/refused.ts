/**
 * For functions that answer with a promise and are not async ones: a refusal reaches the caller
 * where every other error does, whatever kind of value it is.
 */
// eslint-disable-next-line @typescript-eslint/require-await -- it has nothing to wait for
export async function refused(refusal: unknown): Promise<never> {
  throw refusal;
}
