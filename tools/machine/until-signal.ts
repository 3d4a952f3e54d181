/** @returns the first signal that asks this process to stop */
export function untilSignal(): Promise<string> {
  return new Promise((resolve) => {
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, resolve);
    // Without it nothing would keep this process: a server that it has started is not tied to it.
    setInterval(() => undefined, 60_000);
  });
}
