import type {
  AtResource,
  CommitAnswer,
  LocalConnection,
  LockedRead,
  Mark,
  Statement,
  StatementContent,
} from '../../at/index.js';
import { CLEAR_TAG } from '../../at/mysql/index.js';
import { classifyStatement } from './classify-statement.js';
import { LockingReads } from './locking-read.js';
import type { CoreConnection, ResultHeader } from './mysql2-driver.js';
import { AUTOCOMMIT, IN_TRANSACTION } from './mysql2-driver.js';
import type { Mysql2Answer, Mysql2Request, Originals } from './mysql2-request.js';
import { isBareBegin, isReadOnlyBegin } from './mysql2-request.js';
import type { Beginning, Opened, Opening } from './opener.js';
import { Opener, TOUCH } from './opener.js';
import { Sender, emptyAnswer } from './sender.js';
import { isDeadlock, isRefusedCommit, mayEndTransaction } from './server-error.js';
import { XaSession } from './xa-session.js';

const CLEAR_MARK = `SET ${CLEAR_TAG}`;

/** Local transactions over one connection of mysql2. */
export class Mysql2Connection implements LocalConnection<Mysql2Request, Mysql2Answer> {
  readonly #core: CoreConnection;
  readonly #resource: AtResource;
  readonly #sender: Sender;
  readonly #lockingReads: LockingReads;
  readonly #opener: Opener;
  #opening: Opening = 'none';
  /** BEGIN has been answered and not been sent: it goes before the first statement. */
  #unsent: Beginning | undefined;
  /** It is on its way; or it has failed, and nothing may be sent until the end comes. */
  #leading: Promise<void> | undefined;
  /** Nothing is open: nobody has used the connection since we ended what was. */
  #isClean = false;
  #hasSnapshot = false;
  /** `SET TRANSACTION …` that was sent for the next local transaction, and for that one only. */
  #oneShot: Mysql2Request | undefined;
  #usedOneShot: Mysql2Request | undefined;
  #isGone = false;
  /** An answer to our SET, for answers that are to look like those of the driver. */
  #header: ResultHeader | undefined;
  #cleaning: Promise<unknown> | undefined;
  readonly xa: XaSession;

  constructor(core: CoreConnection, resource: AtResource, originals: Originals) {
    this.#core = core;
    this.#resource = resource;
    this.#sender = new Sender(originals);
    this.#lockingReads = new LockingReads(core, resource, (request) => this.send(request));
    this.#opener = new Opener({
      resourceId: resource.resourceId,
      sendText: (text) => this.#sender.text(text),
      sendRequest: async (request) => (await this.#sender.request(request)).rows as ResultHeader,
      clearMark: () => this.#giveBack(CLEAR_MARK),
      rollback: async () => {
        await this.#giveBack('ROLLBACK');
        await this.#giveBack(CLEAR_MARK);
      },
      unclear: (error) => this.#unclear(error),
    });
    this.xa = new XaSession({
      send: (text) => this.#sender.text(text),
      clean: () => this.#clearMark(),
      destroy: () => {
        this.#destroy();
      },
      sessionId: () => this.sessionId,
      resource,
    });
  }

  get committedResult(): Mysql2Answer {
    return this.#answerOf(AUTOCOMMIT);
  }

  /** Settles when a rollback that is under way has left the connection clean. */
  get cleaning(): Promise<unknown> | undefined {
    return this.#cleaning;
  }

  get sessionId(): string | undefined {
    const { threadId } = this.#core;
    return typeof threadId === 'number' ? String(threadId) : undefined;
  }

  /** Gives the connection up: the server lets others end the branch then. */
  detach(): void {
    this.#destroy();
  }

  classify({ text }: Mysql2Request): Statement {
    return classifyStatement(text);
  }

  /** A new piece of work: what the last one had set for its own transaction is not for this one. */
  startAfresh(): void {
    this.#usedOneShot = undefined;
  }

  begin(
    mark: Mark,
    request: Mysql2Request | undefined,
    preparedName?: string,
  ): Promise<Mysql2Answer> {
    this.#isGone = false;
    this.#hasSnapshot = /\bSNAPSHOT\b/i.test(request?.text ?? '');
    const tag = this.#resource.engine.tagStatement(mark);
    const isXa = preparedName !== undefined && !isReadOnlyBegin(request);
    // Giving autocommit back would leave a one-shot to the next transaction on the connection.
    const isPlain =
      this.#nextOneShot === undefined && (request === undefined || isBareBegin(request));
    const beginning = { mark, tag, request, isPlain, isClean: this.#isClean };
    if (!isXa && this.#isClean && this.#opener.maySwitch(beginning)) {
      this.#unsent = beginning;
      return Promise.resolve(this.#begun);
    }
    return this.#beginNow(beginning, isXa ? preparedName : undefined);
  }

  /** Somebody is about to send past this: BEGIN leaves before, and what is open then is unknown. */
  othersSend(): void {
    this.#isClean = false;
    // If this fails, the next statement says so.
    void this.#lead()?.catch(ignore);
  }

  send(request: Mysql2Request): Promise<Mysql2Answer> {
    const leading = this.#lead();
    if (leading === undefined) return this.#sendNow(request);
    return leading.then(() => this.#sendNow(request));
  }

  async ahead(text: string): Promise<void> {
    const isUnsent = this.#unsent !== undefined;
    const leading = this.#lead(text);
    if (leading !== undefined) await leading;
    if (!isUnsent) await this.#sender.text(text);
  }

  foretell(text: string): Promise<void> {
    return this.ahead(text);
  }

  async own(text: string): Promise<number> {
    await this.#lead();
    const { affectedRows } = await this.#sender.text(text);
    return Number(affectedRows);
  }

  commit(
    request: Mysql2Request | undefined,
    preparedName?: string,
  ): Promise<CommitAnswer<Mysql2Answer>> {
    if (this.#opening === 'xa') return this.#endXa(preparedName !== undefined);
    if (this.#takeUnsent()) {
      return Promise.resolve({ committed: true, result: this.committedResult });
    }
    if (this.#leading !== undefined) return this.#leading.then(() => this.#commit(request));
    return this.#commit(request);
  }

  rollback(request: Mysql2Request | undefined): Promise<Mysql2Answer> {
    const ending = this.#rollback(request);
    const cleaning = ending.catch(ignore).then(() => {
      if (this.#cleaning === cleaning) this.#cleaning = undefined;
    });
    this.#cleaning = cleaning;
    return ending;
  }

  isRefusal(error: unknown): boolean {
    return isRefusedCommit(error);
  }

  stateAfter(error: unknown): 'open' | 'unsound' | 'gone' {
    if (this.#isGone) return 'gone';
    const met = this.#resource.engine.explain(error);
    return met === undefined || met.kind === 'refused' ? 'open' : 'unsound';
  }

  isInTransaction(): boolean {
    const isOpening = this.#unsent !== undefined || this.#leading !== undefined;
    return isOpening || this.#opening !== 'none';
  }

  contentOf({ content }: Mysql2Request): StatementContent {
    return content;
  }

  /** What a snapshot shows gets older while the first statement waits. */
  get waitsInside(): boolean {
    return !this.#hasSnapshot;
  }

  readLocked(request: Mysql2Request, xid: string | undefined): Promise<LockedRead<Mysql2Answer>> {
    return this.#lockingReads.read(request, xid);
  }

  async #beginNow(beginning: Beginning, preparedName: string | undefined): Promise<Mysql2Answer> {
    await this.#useOneShot();
    if (preparedName !== undefined) {
      this.#isClean = false;
      const { request, tag } = beginning;
      this.#header = await this.xa.begin(preparedName, { tag, text: request?.text ?? '' });
      this.#opening = 'xa';
      return this.#begun;
    }
    this.#isClean = false;
    const opened = await this.#opener.open(beginning);
    this.#opened(opened);
    const isSwitched = opened.opening === 'switched';
    return isSwitched ? this.#begun : { rows: opened.header, fields: undefined };
  }

  get #nextOneShot(): Mysql2Request | undefined {
    return this.#oneShot ?? this.#usedOneShot;
  }

  /** A second attempt of the same work sends what it had set for its transaction again. */
  async #useOneShot(): Promise<void> {
    if (this.#oneShot !== undefined) {
      this.#usedOneShot = this.#oneShot;
      this.#oneShot = undefined;
    } else if (this.#usedOneShot !== undefined) {
      await this.#sender.request(this.#usedOneShot);
    }
  }

  #sendNow(request: Mysql2Request): Promise<Mysql2Answer> {
    if (this.#opening === 'none') {
      this.#isClean = false;
      const { label } = classifyStatement(request.text);
      if (label === 'SET TRANSACTION') this.#oneShot = request;
    }
    return this.#sender.request(request, this.#hasFailed);
  }

  /** What is to be known before anybody hears of the error. */
  readonly #hasFailed = async (error: unknown): Promise<void> => {
    if (this.#opening !== 'none') this.#isGone = await this.#hasEnded(error);
  };

  /**
   * Sends the BEGIN that is still to be sent; undefined where none is, nor is on its way.
   *
   * @param ahead goes with it, if it is sent now
   */
  #lead(ahead?: string): Promise<void> | undefined {
    const beginning = this.#unsent;
    if (beginning === undefined) return this.#leading;
    this.#unsent = undefined;
    // Until it has ended in a way that leaves nothing open for sure.
    this.#isClean = false;
    const leading = this.#opener.open(beginning, ahead).then(
      (opened) => {
        this.#opened(opened);
        this.#leading = undefined;
      },
      (error: unknown) => {
        this.#isGone = true;
        throw error;
      },
    );
    this.#leading = leading;
    return leading;
  }

  #opened({ header, opening }: Opened): void {
    this.#opening = opening;
    this.#header = header;
  }

  /** Whether there was one; the server has never heard of it, and it needs no end. */
  #takeUnsent(): boolean {
    const isUnsent = this.#unsent !== undefined;
    this.#unsent = undefined;
    return isUnsent;
  }

  /** Where nothing is captured there is no mark. */
  async #clearMark(): Promise<void> {
    if (this.#resource.mode === 'AT') await this.#giveBack(CLEAR_MARK);
  }

  #commit(request: Mysql2Request | undefined): Promise<CommitAnswer<Mysql2Answer>> {
    if (this.#opening !== 'switched') return this.#commitBegun(request);
    return this.#sender.text(`${CLEAR_MARK}, autocommit = 1`).then(
      () => {
        this.#opening = 'none';
        this.#isClean = true;
        return { committed: true, result: this.committedResult };
      },
      (error: unknown) => this.#commitFailed(error),
    );
  }

  /** Whether it is committed will be asked for, which must not wait for this connection. */
  #commitFailed(error: unknown): never {
    if (!isRefusedCommit(error)) this.#destroy();
    throw error;
  }

  async #endXa(prepares: boolean): Promise<CommitAnswer<Mysql2Answer>> {
    const hold = await this.xa.end(prepares);
    this.#opening = 'none';
    return { committed: true, result: this.committedResult, hold };
  }

  async #commitBegun(request: Mysql2Request | undefined): Promise<CommitAnswer<Mysql2Answer>> {
    const result = await (
      request === undefined
        ? this.#sender.text('COMMIT').then((rows) => ({ rows, fields: undefined }))
        : this.#sender.request(request)
    ).catch((error: unknown) => this.#commitFailed(error));
    this.#opening = 'none';
    await this.#giveBack(CLEAR_MARK);
    return { committed: true, result };
  }

  async #rollback(request: Mysql2Request | undefined): Promise<Mysql2Answer> {
    if (this.#takeUnsent()) return this.#answerOf(AUTOCOMMIT);
    await this.#leading?.catch(ignore);
    this.#leading = undefined;
    const opening = this.#opening;
    // It has failed to open: what else is open there is not ours to end.
    if (opening === 'none' && request === undefined) return this.#answerOf(AUTOCOMMIT);
    try {
      const answer = await (request === undefined || opening === 'xa'
        ? this.#sendRollback(opening).then((rows) => ({ rows, fields: undefined }))
        : this.#sender.request(request));
      this.#opening = 'none';
      if (opening === 'xa') {
        await this.#clearMark();
        return this.#answerOf(AUTOCOMMIT);
      }
      if (opening === 'begun') await this.#giveBack(CLEAR_MARK);
      if (opening !== 'switched') return answer;
      this.#isClean = true;
      await this.#giveBack(`${CLEAR_MARK}, autocommit = 1`);
      return this.#answerOf(AUTOCOMMIT);
    } catch (error) {
      this.#destroy();
      throw error;
    }
  }

  #sendRollback(opening: Opening): Promise<ResultHeader> {
    return opening === 'xa' ? this.xa.rollback() : this.#sender.text('ROLLBACK');
  }

  /** The mark must not reach the next user of the connection; rather no connection. */
  async #giveBack(text: string): Promise<void> {
    await this.#sender.text(text).catch(() => {
      this.#destroy();
    });
  }

  /** Whether the mark stands is not known. */
  #unclear(error: unknown): never {
    this.#destroy();
    throw error;
  }

  #destroy(): void {
    this.#opening = 'none';
    this.#isClean = false;
    this.xa.lost();
    this.#core.destroy();
  }

  /** Asked of the server where the error alone does not say it. */
  async #hasEnded(error: unknown): Promise<boolean> {
    if (isDeadlock(error)) return true;
    if (!mayEndTransaction(error)) return false;
    const header = await this.#sender.text(TOUCH).catch(ignore);
    return header === undefined || (header.serverStatus & IN_TRANSACTION) === 0;
  }

  get #begun(): Mysql2Answer {
    return this.#answerOf(IN_TRANSACTION | AUTOCOMMIT);
  }

  #answerOf(serverStatus: number): Mysql2Answer {
    return emptyAnswer(this.#header, serverStatus);
  }
}

const ignore = (): undefined => undefined;
