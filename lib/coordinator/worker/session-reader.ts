import type { Clock } from '../../protocol/index.js';
import type { SessionStore } from '../store/index.js';
import { loadEach } from './load-each.js';
import type { Standing } from './standing.js';

interface SessionReaderDeps {
  readonly namespace: string;
  readonly clock: Clock;
  readonly store: SessionStore;
}

interface Question {
  readonly xid: string;
  resolve(session: Standing): void;
  reject(error: unknown): void;
}

/**
 * Reads sessions for those who ask what stands. All who ask while a read is under way share the
 * next one: many waiters must not keep the store from its writes.
 */
export class SessionReader {
  readonly #deps: SessionReaderDeps;
  #questions: Question[] = [];
  #isReading = false;

  constructor(deps: SessionReaderDeps) {
    this.#deps = deps;
  }

  /** What is durable now, or later. @throws StoreUnavailableError, SessionUnreadableError */
  load(xid: string): Promise<Standing> {
    return new Promise((resolve, reject) => {
      this.#questions.push({ xid, resolve, reject });
      this.#schedule();
    });
  }

  #schedule(): void {
    if (this.#isReading || this.#questions.length === 0) return;
    this.#isReading = true;
    this.#deps.clock.soon(() => void this.#read());
  }

  async #read(): Promise<void> {
    const { namespace, store } = this.#deps;
    const questions = this.#questions;
    this.#questions = [];
    const xids = [...new Set(questions.map(({ xid }) => xid))];
    const loaded = await loadEach(
      store,
      xids.map((xid) => ({ namespace, xid })),
    );
    const byXid = new Map(xids.map((xid, index) => [xid, loaded[index]]));
    for (const question of questions) {
      const answer = byXid.get(question.xid);
      if (answer !== undefined && 'error' in answer) question.reject(answer.error);
      else question.resolve(answer?.session);
    }
    this.#isReading = false;
    this.#schedule();
  }
}
