import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

/** A sample, as `npm run` runs it. */
export interface SampleProgram {
  /** Compiles what has changed, too. Comes first: a run that is timed must not compile. */
  help(): Promise<Finished>;
  start(...args: readonly string[]): Run;
}

export interface Run {
  readonly child: ChildProcess;
  output: string;
  errors: string;
}

export interface Finished {
  readonly exitCode: number | null;
  readonly output: string;
  readonly errors: string;
  /** The last line of the output; empty when that is no JSON. */
  readonly json: Record<string, unknown>;
}

/** @param folder below `sample` */
export const sampleProgram = (folder: string): SampleProgram => ({
  help: () => finished(startProgram('scripts/run.mjs', `sample/${folder}/main.ts`, '--help')),
  start: (...args) => startProgram(`.build/sample/${folder}/main.js`, ...args),
});

function startProgram(...program: readonly string[]): Run {
  const child = spawn(process.execPath, program, { stdio: ['ignore', 'pipe', 'pipe'] });
  const run: Run = { child, output: '', errors: '' };
  child.stdout.on('data', (chunk: Buffer) => (run.output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (run.errors += chunk.toString()));
  return run;
}

/** Waits until the text has been printed, or the program has ended without it. */
export async function says(run: Run, text: string): Promise<void> {
  const { child } = run;
  const closed = once(child, 'close');
  while (!run.output.includes(text)) {
    if (child.exitCode !== null) throw new Error(`It ended before: ${run.output}${run.errors}`);
    await Promise.race([once(child.stdout!, 'data'), closed]);
  }
}

export async function finished(run: Run): Promise<Finished> {
  if (run.child.exitCode === null) await once(run.child, 'close');
  const { output, errors } = run;
  const last = output.trimEnd().split('\n').at(-1) ?? '';
  const json = last.startsWith('{') ? (JSON.parse(last) as Record<string, unknown>) : {};
  return { exitCode: run.child.exitCode, output, errors, json };
}

/** Which of the processes that it has told of are there. */
export const aliveIn = (output: string): readonly number[] =>
  [...output.matchAll(/ process (\d+)$/gm)].map(([, pid]) => Number(pid)).filter(isAlive);

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
