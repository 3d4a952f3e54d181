/** Some of a list, in its order; another number chooses others. */
export function sampled<T>(all: readonly T[], seed: number, count: number): readonly T[] {
  const left = all.map((one, index) => ({ one, index }));
  const chosen: { readonly one: T; readonly index: number }[] = [];
  let state = seed >>> 0;
  while (chosen.length < count && left.length > 0) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    chosen.push(...left.splice(Math.floor((state / 2 ** 32) * left.length), 1));
  }
  return chosen.sort((a, b) => a.index - b.index).map(({ one }) => one);
}
