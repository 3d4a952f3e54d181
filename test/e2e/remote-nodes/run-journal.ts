import type { BranchTarget } from '../../../lib/protocol/index.js';
import type { Entry } from '../coordinator-crash/journal.js';

/** What the client sides did and were told, in the order in which it happened. */
export class RunJournal {
  readonly entries: Entry[] = [];
  /** By branch: the instance that did phase one. */
  readonly workers = new Map<string, string>();
  /** By branch: the instances that phase two has come to. */
  readonly finishers = new Map<string, Set<string>>();

  add(entry: Entry): void {
    this.entries.push(entry);
  }

  worked(instance: string, target: BranchTarget): void {
    this.workers.set(target.branchId, instance);
    this.add({ kind: 'worked', xid: target.xid, branchId: target.branchId });
  }

  finished(instance: string, direction: 'commit' | 'rollback', target: BranchTarget): void {
    const { branchId, xid } = target;
    const finishers = this.finishers.get(branchId) ?? new Set();
    this.finishers.set(branchId, finishers.add(instance));
    this.add({ kind: 'finished', xid, branchId, direction });
  }

  get xids(): readonly string[] {
    return this.entries.flatMap(({ kind, xid }) => (kind === 'named' ? [xid] : []));
  }
}
