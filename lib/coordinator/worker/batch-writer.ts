import type { Clock } from '../../protocol/index.js';
import { OutcomeUnknownError, StoreUnavailableError, messageOf } from '../../protocol/index.js';
import type { Effect, SessionChange } from '../core/index.js';
import { decide } from '../core/index.js';
import type { PurgeCommand, SessionStore, StoreAnswer, StoreCommand } from '../store/index.js';
import { failpointsOf } from './failpoints.js';
import { DECIDE_RETRIES_MAX } from './limits.js';
import type { LiveSession } from './live-session.js';
import type { NodeIdentity } from './node-identity.js';
import { turnOf } from './node-identity.js';
import type { Request } from './request.js';

interface BatchWriterDeps {
  readonly store: SessionStore;
  readonly clock: Clock;
  readonly node: NodeIdentity;
  /** Takes a request that has to be decided again. */
  readonly again: (request: Request) => void;
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

const NOTHING_WRITTEN: readonly StoreAnswer[] = [];

/** Takes one batch of requests through its life: read, decide, write, tell. */
export class BatchWriter {
  readonly #deps: BatchWriterDeps;

  constructor(deps: BatchWriterDeps) {
    this.#deps = deps;
  }

  async write(batch: readonly Request[], purge: PurgeCommand | undefined): Promise<BatchResult> {
    const isRead = batch.some(needsReading) ? await this.#read(batch) : true;
    const commands = this.#decide(batch);
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
    const wanting = batch.filter(needsReading);
    const lives = [...new Set(wanting.map(({ live }) => live))];
    try {
      const sessions = await this.#deps.store.load(lives);
      lives.forEach((live, index) => {
        live.session = sessions[index];
        live.isLoaded = true;
        live.isReread ||= live.isDoubtful || live.isMoved;
        // What a refusal has told before is old now.
        live.isMoved = false;
        live.isDoubtful = false;
      });
      return true;
    } catch (error) {
      for (const live of lives) live.isDoubtful = true;
      for (const request of wanting) request.error = error;
      return false;
    }
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
      caller?.reject(this.#unavailable(messageOf(answer.error), answer.error));
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
    const { caller } = request;
    if (caller === undefined) return;
    if (request.retryCount >= DECIDE_RETRIES_MAX) {
      caller.reject(this.#unavailable('somebody else keeps changing the same record', undefined));
      return;
    }
    request.retryCount += 1;
    request.decision = undefined;
    request.answer = undefined;
    this.#deps.again(request);
  }

  #release(live: LiveSession): void {
    live.ahead = undefined;
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

  #unavailable(what: string, cause: unknown): StoreUnavailableError {
    return new StoreUnavailableError(this.#deps.store.place, what, { cause });
  }
}

function needsReading({ live, command }: Request): boolean {
  return live.isDoubtful || (!live.isLoaded && !opensSession(command));
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
