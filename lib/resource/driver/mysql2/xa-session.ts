import { LocalTransactionOpenError, StatementRefusedError } from '../../../protocol/index.js';
import { failpoint } from '../../../system/index.js';
import type { AtResource } from '../../at/index.js';
import type { Ending, EndingAnswer, PreparedHold } from '../../xa/index.js';
import { XAER_OUTSIDE, answerOf } from '../../xa/mysql/index.js';
import type { ResultHeader } from './mysql2-driver.js';
import { errnoOf } from './server-error.js';

interface XaSessionDeps {
  readonly send: (text: string) => Promise<ResultHeader>;
  /** Takes away what begin() has left on the connection beside the branch. */
  readonly clean: () => Promise<void>;
  readonly destroy: () => void;
  readonly sessionId: () => string | undefined;
  readonly resource: AtResource;
}

/** A branch that is prepared, and whose connection can do nothing else until it is ended. */
interface Pin {
  readonly name: string;
  readonly gone: Promise<void>;
  readonly open: () => void;
}

/** A connection that does not answer for so long is given up, and the branch ended by another. */
const END_TIMEOUT_MS = 15_000;

/** Why the connection cannot be used. */
const PINNED =
  'this connection has prepared a branch and is bound to it until the global transaction ends. ' +
  'Release it, and take another one for further work.';

/** The XA branch of one connection, from XA START to the end of phase two. */
export class XaSession {
  readonly #deps: XaSessionDeps;
  #name: string | undefined;
  #pin: Pin | undefined;

  constructor(deps: XaSessionDeps) {
    this.#deps = deps;
  }

  /** Settles when the connection is free; undefined while it is. */
  get pinned(): Promise<void> | undefined {
    return this.#pin?.gone;
  }

  /**
   * @param begin what the application has sent, and what marks the local transaction, if anything
   * @throws StatementRefusedError, LocalTransactionOpenError: nothing has begun
   */
  async begin(
    name: string,
    { tag, text }: { readonly tag: string; readonly text: string },
  ): Promise<ResultHeader> {
    if (/\bSNAPSHOT\b/i.test(text)) throw new StatementRefusedError(xidIn(name), text, NO_SNAPSHOT);
    try {
      if (tag !== '') await this.#deps.send(tag);
      const header = await this.#deps.send(`XA START ${name}`);
      this.#name = name;
      failpoint('xa.begun');
      return header;
    } catch (error) {
      await this.#deps.clean();
      if (errnoOf(error) !== XAER_OUTSIDE) throw error;
      throw new LocalTransactionOpenError(xidIn(name), this.#deps.resource.resourceId);
    }
  }

  /**
   * Ends phase one. After an error the connection is given up: whether the branch is prepared is
   * asked for over another one, and only this one could end it.
   *
   * @param prepares false: it has written nothing, so there is nothing to prepare
   */
  async end(prepares: boolean): Promise<PreparedHold> {
    const name = this.#ended();
    try {
      await this.#deps.send(`XA END ${name}`);
      failpoint('xa.ended');
      if (prepares) return await this.#prepare(name);
      await this.#deps.send(`XA COMMIT ${name} ONE PHASE`);
    } catch (error) {
      this.#deps.destroy();
      throw error;
    }
    await this.#deps.clean();
    return {};
  }

  async rollback(): Promise<ResultHeader> {
    const name = this.#ended();
    // It fails where the server has rolled it back already, and still wants to hear the next.
    await this.#deps.send(`XA END ${name}`).catch(() => undefined);
    return this.#deps.send(`XA ROLLBACK ${name}`);
  }

  /** The connection is gone, or is to go: the server keeps the branch, and lets others end it. */
  lost(): void {
    this.#name = undefined;
    this.#unpin();
  }

  /**
   * Settles when the connection can be used for more than reading.
   *
   * @param xid of the global transaction that wants it
   * @throws StatementRefusedError it is the one that the connection is bound to, which does not end
   *   while it waits; or phase two does not come in time
   */
  async untilFree(xid: string | undefined, label: string): Promise<void> {
    const pin = this.#pin;
    if (pin === undefined) return;
    const isOwn = xid !== undefined && xid === xidIn(pin.name);
    if (!isOwn) await this.#inTime(pin.gone);
    if (this.#pin === pin) throw new StatementRefusedError(xid, label, PINNED);
  }

  async #prepare(name: string): Promise<PreparedHold> {
    failpoint('xa.prepare');
    const answer = this.#deps.send(`XA PREPARE ${name}`);
    failpoint('xa.prepare.sent');
    await answer;
    if (this.#deps.resource.xa.engine.detachesOnPrepare === true) {
      await this.#deps.clean();
      return {};
    }
    const pin = pinOf(name);
    this.#pin = pin;
    const sessionId = this.#deps.sessionId();
    return {
      end: (ending, onLost) => this.#end(pin, ending, onLost),
      letGo: () => {
        if (this.#pin === pin) this.#deps.destroy();
      },
      ...(sessionId !== undefined && { sessionId }),
    };
  }

  /** @returns undefined when the connection cannot do it any more, and another one can */
  async #end(pin: Pin, ending: Ending, onLost: () => void): Promise<EndingAnswer | undefined> {
    if (this.#pin !== pin) return undefined;
    const verb = ending === 'commit' ? 'COMMIT' : 'ROLLBACK';
    const sent = this.#deps.send(`XA ${verb} ${pin.name}`);
    failpoint(`xa.${ending}.sent`);
    const ended = sent.then(
      () => 'done' as const,
      (error: unknown) => answerOf(error, ending),
    );
    const answer = await this.#inTime(ended);
    if (answer === undefined) {
      onLost();
      this.#deps.destroy();
    } else await this.#deps.clean();
    this.#unpin();
    return answer;
  }

  async #inTime<T>(work: Promise<T>): Promise<T | undefined> {
    let timer: { cancel(): void } | undefined;
    const late = new Promise<undefined>((resolve) => {
      timer = this.#deps.resource.host.clock.after(END_TIMEOUT_MS, () => {
        resolve(undefined);
      });
    });
    return Promise.race([work, late]).finally(() => timer?.cancel());
  }

  #ended(): string {
    const name = this.#name ?? '';
    this.#name = undefined;
    return name;
  }

  #unpin(): void {
    const pin = this.#pin;
    this.#pin = undefined;
    pin?.open();
  }
}

const NO_SNAPSHOT =
  'a branch that is to be prepared cannot begin with a snapshot. Leave it out: at REPEATABLE ' +
  'READ the first read takes one.';

/** The xid in the name of a branch. */
function xidIn(name: string): string | undefined {
  return /^'[^':]*:([^']*)'/.exec(name)?.[1];
}

function pinOf(name: string): Pin {
  let open = (): void => undefined;
  const gone = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { name, gone, open };
}
