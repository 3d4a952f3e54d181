/** Who can be killed: the coordinator, two participants, and the client that launches. */
export type Role = 'T' | 'P1' | 'P2' | 'C';

/** What a participant does its part of a transfer by. */
export type BranchMode = 'AT' | 'XA' | 'TCC';

/** What a process is told when it becomes one of them. */
export interface ActorSettings {
  readonly role: Role;
  readonly port: number;
  /** Of the coordinator, through its relay; the coordinator itself has none. */
  readonly coordinatorUrl?: string;
  /** Where the coordinator keeps its records. */
  readonly store?: string;
  /** Of a participant, through its relay. */
  readonly databaseUrl?: string;
  /** A branch by each, in this order. */
  readonly modes?: readonly BranchMode[];
  /** Of the participants, through their relays. */
  readonly participantUrls?: readonly string[];
}

/** Money that goes from the account of P1 to that of P2; both have the number of the transfer. */
export interface Transfer {
  readonly id: number;
  readonly timeoutMs: number;
  /** The client throws behind both branches. */
  readonly fails?: boolean;
  /** This participant refuses behind its business SQL. */
  readonly refusesAt?: 'P1' | 'P2';
  /** The client waits for `go` behind both branches. */
  readonly isHeld?: boolean;
}

export type Order =
  | { readonly kind: 'start'; readonly settings: ActorSettings }
  | { readonly kind: 'plan'; readonly plan: string | undefined }
  | { readonly kind: 'transfer'; readonly transfer: Transfer }
  | { readonly kind: 'go' };

/** What a caller is told of a transfer. */
export type Told = 'committed' | 'not-committed' | 'unknown';

export type Report =
  | { readonly kind: 'loaded' | 'ready' | 'planned' }
  | { readonly kind: 'xid'; readonly id: number; readonly xid: string }
  | { readonly kind: 'held' | 'working' | 'worked'; readonly id: number }
  | { readonly kind: 'told'; readonly id: number; readonly told: Told; readonly why: string };

/** Of the data sources. */
export const RESOURCE_IDS = { P1: 'left', P2: 'right' } as const;

/** What each transfer moves. */
export const AMOUNT = 10;

/** What becomes of the balance at a participant. */
export const deltaOf = (role: Role): number => (role === 'P1' ? -AMOUNT : AMOUNT);

export const refusal = (): Error => new Error('the business refuses');
