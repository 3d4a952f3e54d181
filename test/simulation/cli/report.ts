// Whoever has closed the other end (`| head`) has read enough.
process.stdout.on('error', () => process.exit(1));

/** How the programs of the simulation talk: results on stdout, progress on stderr. */
export function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

const TELL_EVERY_MS = 500;

/** Returns what shows how far a long run has got, where somebody looks. */
export function progressOf(count: number, what: string): (doneCount: number) => void {
  if (!process.stderr.isTTY) return () => undefined;
  let toldAtMs = 0;
  return (doneCount) => {
    const nowMs = Date.now();
    if (doneCount < count && nowMs - toldAtMs < TELL_EVERY_MS) return;
    toldAtMs = nowMs;
    process.stderr.write(`\r${doneCount} of ${count} ${what}${doneCount < count ? '' : '\n'}`);
  };
}

/** The command that does the same again. */
export const commandOf = (args: string): string => `npm run sim -- ${args}`;
