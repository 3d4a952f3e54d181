import { LockConflictError, StatementRefusedError, TableNotCoveredError } from 'nestjs-dtx';

import type { Findings } from './findings.js';
import type { Part } from './part.js';
import { playLocal } from './play.js';
import type { World } from './world.interface.js';

export type Report = (title: string, parts: readonly Part[]) => void;

/** Plays global transactions that are open at the same time. */
export class Player {
  readonly #world: World;
  readonly #findings: Findings;
  readonly #report: Report;

  constructor(world: World, findings: Findings, report: Report) {
    this.#world = world;
    this.#findings = findings;
    this.#report = report;
  }

  /** @returns the local transactions in their order */
  async play(parts: readonly Part[]): Promise<readonly Part[]> {
    const order: Part[] = [];
    for (const part of parts) part.transaction = await this.#world.manager.begin({ name: 'fuzz' });
    for (let index = 0; parts.some(({ plan }) => index < plan.locals.length); index += 1) {
      for (const part of parts) {
        if (part.stopped !== undefined || index >= part.plan.locals.length) continue;
        await this.#playLocal(part, index);
        order.push(part);
      }
    }
    return order;
  }

  async end(parts: readonly Part[]): Promise<void> {
    for (const part of parts) await this.#end(part, this.commits(parts, part));
  }

  commits(parts: readonly Part[], part: Part): boolean {
    // A trigger may have read what the other one has written and takes back.
    if (hasTriggers(this.#world)) return parts.every(isToCommit);
    return isToCommit(part);
  }

  async #playLocal(part: Part, index: number): Promise<void> {
    const local = part.plan.locals[index];
    if (local === undefined) return;
    try {
      const result = await part.transaction?.run(() => playLocal(this.#world.main, local));
      if (result === undefined) return;
      part.played.push({ index, result });
      this.#findings.count(result);
    } catch (error) {
      part.stopped = String(error);
      this.#stop(part, error);
    }
  }

  #stop(part: Part, error: unknown): void {
    const isOurs = error instanceof StatementRefusedError || error instanceof TableNotCoveredError;
    if (isOurs || this.#world.main.isRefusal?.(error) === true) {
      this.#findings.refuse(error instanceof Error ? error.message : String(error));
    } else if (error instanceof LockConflictError && part.hasRival) {
      this.#findings.conflicts += 1;
    } else {
      this.#report(`an error that should not be: ${String(error)}`, [part]);
    }
  }

  async #end(part: Part, commits: boolean): Promise<void> {
    const { transaction } = part;
    if (transaction === undefined) return;
    try {
      if (commits) {
        await transaction.commit();
        part.committed = true;
        this.#findings.committed += 1;
        return;
      }
      await transaction.rollback();
      this.#findings.rolledBack += 1;
    } catch (error) {
      this.#report(`the end has failed: ${String(error)}`, [part]);
    }
  }
}

export const hasTriggers = ({ model }: World): boolean =>
  model.tables.some(({ hasUserTriggers }) => hasUserTriggers);

const isToCommit = ({ plan, stopped }: Part): boolean => plan.commits && stopped === undefined;
