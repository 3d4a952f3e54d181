/** Longer than anybody waits; it is cancelled before. */
const HOLD_MS = 2 ** 31 - 1;

/** Keeps the process alive until the returned function is called, although nothing is open. */
export function holdProcess(): () => void {
  const timer = setInterval(() => undefined, HOLD_MS);
  return () => {
    clearInterval(timer);
  };
}
