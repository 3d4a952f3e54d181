import type { Role, Transfer } from '../process/messages.js';
import type { Wire } from '../world/world.js';

/** A numbered point of the protocol at which a process may end. */
export interface Point {
  /** Numbers that meet in one place of this implementation stand together; none beside them. */
  readonly numbers: readonly number[];
  readonly what: string;
  readonly actor: Role;
  /** Name of the failpoint, behind others if need be, and at which pass: `decide.before@1`. */
  readonly at: string;
  /** Which way the transaction goes without any fault. */
  readonly way: 'commit' | 'rollback';
  /** Whether the decision is durable there, so that it is carried out whatever happens. */
  readonly isDecided?: boolean;
  /** What is special about the transfer. */
  readonly transfer?: Partial<Transfer>;
  /** Transfers at once. @default 1 */
  readonly count?: number;
  /** Who is asleep from behind both branches on, until the coordinator has been killed. */
  readonly asleep?: 'C';
  /** Somebody outside changes the row of P1 behind its branch. */
  readonly isDirty?: boolean;
  /** A packet that the relay keeps back, and what is behind it on its connection. */
  readonly delayed?: Delayed;
  /** A prepared branch without a transaction lies in the database of the actor. */
  readonly orphan?: boolean;
  /** A second instance takes over from the first one, which sleeps at the point. */
  readonly twin?: Twin;
}

export interface Delayed {
  readonly wire: Wire;
  /** By which the packet is known. */
  readonly text: string;
  /** It arrives behind the fault; or before, when all callers have been told something. */
  readonly until: 'struck' | 'told';
}

export interface Twin {
  /**
   * The first one sleeps until the transaction has ended, or the twin waits for its row lock, or is
   * killed and stays so.
   */
  readonly until: 'ended' | 'waiting' | 'killed';
  /** The twin is killed there; it is started again, unless it is to stay dead. */
  readonly killedAt?: string;
}

/** Numbered points without a case, and why. */
export interface Uncovered {
  readonly numbers: readonly number[];
  readonly reason: string;
}

export interface PointTable {
  /** How many points the protocol has. */
  readonly total: number;
  readonly points: readonly Point[];
  readonly uncovered: readonly Uncovered[];
}
