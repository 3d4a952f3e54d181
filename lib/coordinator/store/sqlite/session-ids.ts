import type { SessionKey } from '../../core/index.js';
import { keyOf } from '../merge-changes.js';

/** No row has it: a write to a session without a known row changes nothing and is refused. */
const NO_ROW = -1;

/**
 * Row ids of the open sessions. A lookup by id costs half of one by xid, and every write needs one.
 * The file is the truth: each row that is read sets its id anew.
 */
export class SessionIds {
  readonly #ids = new Map<string, number>();
  #last: number;

  constructor(last: number) {
    this.#last = last;
  }

  /** The id under which a new session is to be written. */
  add(session: SessionKey): number {
    this.#last += 1;
    this.set(session, this.#last);
    return this.#last;
  }

  set(session: SessionKey, id: number): void {
    this.#ids.set(keyOf(session), id);
  }

  of(session: SessionKey): number {
    return this.#ids.get(keyOf(session)) ?? NO_ROW;
  }

  remove(session: SessionKey): void {
    this.#ids.delete(keyOf(session));
  }
}
