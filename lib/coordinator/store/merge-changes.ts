import { NAMESPACE_DEFAULT } from '../../protocol/index.js';
import type { Session, SessionChange, SessionKey } from '../core/index.js';
import type { PurgeCommand, StoreCommand } from './session-store.interface.js';

/** All that a batch does to one session, as one write. */
export interface SessionWrite {
  /** What has to stand; undefined: nothing may. */
  readonly before: Session | undefined;
  after: Session;
  /** Places of its commands in the batch. They are answered alike. */
  readonly places: number[];
}

/** A batch as a store writes it: one row at most once. */
export interface MergedBatch {
  readonly writes: readonly SessionWrite[];
  readonly purges: readonly { readonly command: PurgeCommand; readonly place: number }[];
}

/**
 * Gathers the changes of each session into one write. They follow each other, so if the first one's
 * condition holds, all of them do; and if it does not, none does.
 *
 * @throws Error when they do not: a set-wise statement can write a row only once
 */
export function mergeChanges(batch: readonly StoreCommand[]): MergedBatch {
  const writes: SessionWrite[] = [];
  const last = new Map<string, SessionWrite>();
  const purges: { command: PurgeCommand; place: number }[] = [];
  batch.forEach((command, place) => {
    if (command.kind === 'purge') {
      purges.push({ command, place });
      return;
    }
    const key = keyOf(command.after);
    const write = last.get(key);
    if (write !== undefined) {
      assertFollows(write, command);
      write.after = command.after;
      write.places.push(place);
      return;
    }
    const next = { before: command.before, after: command.after, places: [place] };
    last.set(key, next);
    writes.push(next);
  });
  return { writes, purges };
}

/**
 * An xid holds no slash, so two pairs never share a key. Where it can, the key is the xid itself,
 * whose hash is kept with it: one that is put together is hashed anew for each look.
 */
export function keyOf({ namespace, xid }: SessionKey): string {
  return namespace === NAMESPACE_DEFAULT ? xid : `${xid}/${namespace}`;
}

function assertFollows({ after }: SessionWrite, { before, kind }: SessionChange): void {
  if (before?.version === after.version && before.epoch === after.epoch) return;
  throw new Error(`The ${kind} of ${after.xid} does not follow the change before it in its batch.`);
}
