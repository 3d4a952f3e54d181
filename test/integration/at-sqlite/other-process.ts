import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

import type { BranchTag, CaptureError } from '../../../lib/resource/at/index.js';
import type { Order } from './other-process-main.js';

const LOADER = join(__dirname, '../../../scripts/load-typescript.cjs');
const MAIN = join(__dirname, 'other-process-main.ts');

/** What the other process has answered. */
export interface Answer {
  readonly id: number;
  readonly result?: unknown;
  /** What capture has met, if the order has failed. */
  readonly met?: CaptureError;
  readonly error?: string;
}

/** A second application process that captures in the same file. */
export interface OtherProcess {
  ask(verb: Order['verb'], tag: BranchTag, sql?: string): Promise<Answer>;
  /** Ends it as a crash does: with nothing said to SQLite. */
  kill(): Promise<void>;
}

export async function startOtherProcess(path: string): Promise<OtherProcess> {
  const start = `require(${JSON.stringify(MAIN)})`;
  const child = spawn(process.execPath, ['-r', LOADER, '-e', start, path], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  await answerTo(child, 0);
  let lastId = 0;
  return {
    async ask(verb, tag, sql = '') {
      lastId += 1;
      const answer = answerTo(child, lastId);
      child.send({ id: lastId, verb, tag, sql });
      return answer;
    },
    async kill() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}

/** Orders are given one after the other, so the next message is the answer. */
async function answerTo(child: ChildProcess, id: number): Promise<Answer> {
  const died = once(child, 'exit').then(() => {
    throw new Error('the other process has ended');
  });
  died.catch(() => undefined);
  const [answer] = (await Promise.race([once(child, 'message'), died])) as [Answer];
  if (answer.id !== id) throw new Error(`answer ${String(answer.id)} instead of ${String(id)}`);
  return answer;
}
