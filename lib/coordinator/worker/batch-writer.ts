import type { Clock, Ids } from '../../protocol/index.js';
import {
  OutcomeUnknownError,
  SessionContendedError,
  isCommitDecided,
} from '../../protocol/index.js';
import { backOffMs } from '../../system/index.js';
import type { Effect, Session, SessionChange } from '../core/index.js';
import { decide } from '../core/index.js';
import type { PurgeCommand, SessionStore, StoreAnswer, StoreCommand } from '../store/index.js';
import { writeFailure } from '../store/index.js';
import { failpointsOf } from './failpoints.js';
import { ForetoldCommit } from './foretold-commit.js';
import { CONTENTION_MS_MAX, CONTENTION_PAUSE_MS_MAX, CONTENTION_PAUSE_MS_MIN } from './limits.js';
import type { LiveSession } from './live-session.js';
import { loadEach } from './load-each.js';
import type { NodeIdentity } from './node-identity.js';
import { turnOf } from './node-identity.js';
import type { Request } from './request.js';

interface BatchWriterDeps {
  readonly store: SessionStore;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly node: NodeIdentity;
  /** Takes a request that has to be decided again, after that pause. */
  readonly again: (request: Request, delayMs: number) => void;
  /** Takes a session that has to be read again. */
  readonly doubt: (live: LiveSession) => void;
}

/** How a batch went. */
export interface BatchResult {
  /** Undefined when it has written nothing: that the store can be read says little. */
  readonly isStoreWell: boolean | undefined;
  /** Records that the purge of the batch has deleted. */
  readonly purgedCount: number;
}

const CONTENTION_PAUSE = { minMs: CONTENTION_PAUSE_MS_MIN, maxMs: CONTENTION_PAUSE_MS_MAX };

const NOTHING_WRITTEN: readonly StoreAnswer[] = [];

/** Takes one batch of requests through its life: read, decide, write, tell. */
export class BatchWriter {
  readonly #deps: BatchWriterDeps;

  constructor(deps: BatchWriterDeps) {
    this.#deps = deps;
  }

  async write(batch: readonly Request[], purge: PurgeCommand | undefined): Promise<BatchResult> {
    const isRead = batch.some((request) => this.#needsReading(request))
      ? await this.#read(batch)
      : true;
    const commands = this.#decide(batch);
    // Those who are told go for connections, and keep them until this has been written.
    const mayTell = this.#deps.store.borrowsConnections !== true;
    if (mayTell && foretell(batch)) await this.#turnOver();
    if (purge !== undefined) commands.push(purge);
    const answers = commands.length === 0 ? NOTHING_WRITTEN : await this.#apply(commands);
    this.#takeAnswers(batch, answers);
    for (const request of batch) this.#finish(request);
    for (const request of batch) this.#release(request.live);
    const last = purge === undefined ? undefined : answers.at(-1);
    return {
      isStoreWell: isRead && commands.length === 0 ? undefined : isRead && answers.every(isWell),
      purgedCount: last?.kind === 'done' ? last.count : 0,
    };
  }

  /** Reads the sessions that memory does not know. If that fails, so do their requests. */
  async #read(batch: readonly Request[]): Promise<boolean> {
    const wanting = batch.filter((request) => this.#needsReading(request));
    const lives = [...new Set(wanting.map(({ live }) => live))];
    const loaded = await loadEach(this.#deps.store, lives);
    const errors = new Map<LiveSession, unknown>();
    lives.forEach((live, index) => {
      const answer = loaded[index];
      if (answer === undefined || 'error' in answer) {
        live.isDoubtful = true;
        errors.set(live, answer?.error);
      } else {
        takeRead(live, answer.session, this.#deps.node.owner);
      }
    });
    for (const request of wanting) request.error = errors.get(request.live);
    return errors.size === 0;
  }

  /**
   * What is known here may be old where others write, too. A write that is decided on it is
   * refused, and what is decided stays so; but that there is no such session must be seen, or a
   * transaction that has just begun elsewhere would be answered for as one that never was.
   */
  #needsReading({ command, live }: Request): boolean {
    if (live.isDoubtful) return true;
    if (opensSession(command)) return false;
    if (!live.isLoaded) return true;
    return this.#deps.store.isShared && live.session === undefined && live.ahead === undefined;
  }

  /** Each request is decided on what stands when all before it are durable. */
  #decide(batch: readonly Request[]): StoreCommand[] {
    const turn = turnOf(this.#deps.node, this.#deps.clock);
    const commands: StoreCommand[] = [];
    for (const request of batch) {
      const { live, command } = request;
      if (command === undefined || request.error !== undefined) continue;
      // Nobody has begun an xid of 128 random bits before; if so, the store refuses the write.
      live.isLoaded = true;
      try {
        request.decision = decide(live.ahead ?? live.session, command, turn);
      } catch (error) {
        request.error = error;
        continue;
      }
      const { change } = request.decision;
      if (change === undefined) continue;
      live.ahead = change.after;
      commands.push(change);
    }
    return commands;
  }

  /**
   * Lets those go on who were told of a commit, before a store of this process keeps it busy: what
   * they do until the commit is durable takes no time of its own.
   */
  #turnOver(): Promise<void> {
    return new Promise((resolve) => {
      this.#deps.clock.soon(resolve);
    });
  }

  async #apply(commands: readonly StoreCommand[]): Promise<readonly StoreAnswer[]> {
    failpointsOf(commands, 'before');
    try {
      const answers = await this.#deps.store.apply(commands);
      failpointsOf(commands, 'after');
      return answers;
    } catch (error) {
      // A store never rejects. If one does, nobody knows what it has written.
      return commands.map(() => ({ kind: 'unknown', error }));
    }
  }

  /** Before anybody is told: one bad answer puts all others about the same session in doubt. */
  #takeAnswers(batch: readonly Request[], answers: readonly StoreAnswer[]): void {
    let index = 0;
    for (const request of batch) {
      if (request.decision?.change === undefined) continue;
      const answer = answers[index++];
      request.answer = answer;
      if (answer?.kind === 'done') continue;
      if (answer?.kind === 'refused') {
        request.live.session = answer.found;
        request.live.isMoved = true;
      } else {
        request.live.isDoubtful = true;
      }
    }
  }

  #finish(request: Request): void {
    const { live, decision, answer, caller } = request;
    if (request.error !== undefined) {
      caller?.reject(request.error);
    } else if (decision === undefined) {
      return;
    } else if (answer?.kind === 'done' && decision.change !== undefined) {
      this.#durable(live, decision.change, decision.effects);
      caller?.resolve(decision.standing);
    } else if (answer?.kind === 'failed') {
      caller?.reject(writeFailure(this.#deps.store, answer.error));
    } else if (answer?.kind === 'unknown') {
      const cause = answer.error;
      caller?.reject(new OutcomeUnknownError(live.xid, caller.what, { cause }));
    } else if (isSound(live) && decision.change === undefined) {
      if (decision.refusal === undefined) caller?.resolve(decision.standing);
      else caller?.reject(decision.refusal);
    } else {
      this.#again(request);
    }
  }

  #durable(live: LiveSession, change: SessionChange, effects: readonly Effect[]): void {
    live.observer.changed(live, change);
    // Otherwise what stands is known better than from this change; all effects come with it.
    if (!isSound(live)) return;
    live.session = change.after;
    for (const effect of effects) live.observer.effect(live, effect);
  }

  /** What it was decided on does not stand. A lazy request is made anew from what does. */
  #again(request: Request): void {
    const { caller, live } = request;
    const { again, clock, ids } = this.#deps;
    if (caller === undefined) return;
    request.overtakenSinceMs ??= clock.monotonicMs();
    if (clock.monotonicMs() - request.overtakenSinceMs >= CONTENTION_MS_MAX) {
      caller.reject(new SessionContendedError(live.xid, caller.what));
      return;
    }
    const { retryCount } = request;
    request.retryCount += 1;
    request.decision = undefined;
    request.answer = undefined;
    again(request, retryCount === 0 ? 0 : backOffMs(retryCount, CONTENTION_PAUSE, ids));
  }

  #release(live: LiveSession): void {
    live.ahead = undefined;
    live.foretold?.settle(isSound(live) && isCommitted(live.session));
    live.foretold = undefined;
    if (live.isDoubtful) {
      this.#deps.doubt(live);
    } else if (live.isMoved || live.isReread) {
      live.isReread = false;
      live.isMoved = false;
      live.observer.reloaded(live);
    }
    live.pendingCount -= 1;
    if (live.pendingCount === 0) live.observer.idle(live);
  }
}

/**
 * Tells of the commits of the batch to those who have asked for that.
 *
 * @returns whether somebody was told
 */
function foretell(batch: readonly Request[]): boolean {
  let isTold = false;
  for (const { decision, live } of batch) {
    const after = decision?.change?.after;
    if (!live.wantsForetelling || after === undefined || !isCommitted(after)) continue;
    live.foretold = new ForetoldCommit(after);
    live.foretellWaiters.wakeAll();
    isTold = true;
  }
  return isTold;
}

function isCommitted(session: Session | undefined): boolean {
  return session !== undefined && isCommitDecided(session.status);
}

function takeRead(live: LiveSession, session: Session | undefined, owner: string): void {
  live.session = session;
  live.isLoaded = true;
  // This node may have let go of it, and has its duties again.
  const isOwn = session?.owner === owner && session.endedAtMs === undefined;
  live.isReread ||= live.isDoubtful || live.isMoved || isOwn;
  // What a refusal has told before is old now.
  live.isMoved = false;
  live.isDoubtful = false;
}

function opensSession(command: Request['command']): boolean {
  if (command?.kind === 'register-branch') return command.request.begin !== undefined;
  return command?.kind === 'begin';
}

function isSound(live: LiveSession): boolean {
  return !live.isDoubtful && !live.isMoved;
}

function isWell(answer: StoreAnswer): boolean {
  return answer.kind !== 'failed' && answer.kind !== 'unknown';
}
