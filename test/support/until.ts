const POLL_MS = 5;

/**
 * Waits for a condition, and fails when it does not come true in time.
 *
 * @param timeoutMs @default 5000
 */
export async function until(
  condition: () => boolean | Promise<boolean>,
  timeoutMs = 5_000,
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await condition())) {
    if (Date.now() > deadline)
      throw new Error(`Not within ${String(timeoutMs)} ms: ${String(condition)}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
