// Taken before anybody seals the globals.
const next = setImmediate;

/** One turn of the real event loop: all promise jobs that are due are done when it resolves. */
export function realTurn(): Promise<void> {
  return new Promise((resolve) => {
    next(resolve);
  });
}
