import type {
  AbandonBranchRequest,
  AwaitReleaseRequest,
  BeginRequest,
  SetRollbackOnlyRequest,
  StatusRequest,
  EndRequest,
} from '../index.js';

/**
 * The messages of dtx-v1.proto as objects. What was decoded has every member of its message: those
 * that were not sent hold the default of their type, and `optional` ones null or undefined.
 */

export interface WireResource {
  readonly resourceId: string;
  readonly type: number;
}

export interface WireHello {
  readonly versionMin: number;
  readonly versionMax: number;
  readonly namespace: string;
  readonly applicationId: string;
  readonly instanceId: string;
  readonly resources: readonly WireResource[];
  readonly credential: string;
  readonly software: string;
}

export interface WireWelcome {
  readonly version: number;
  readonly nodeId: string;
  readonly inFlightMax: number;
  readonly frameBytesMax: number;
  readonly heartbeatMs: number;
  readonly software: string;
  readonly sharesStore: boolean;
}

export interface WireGoodbye {
  readonly code: string;
  readonly reason: string;
}

export interface WireRefusal {
  readonly code: string;
  readonly message: string;
  readonly fields: string;
}

export type WireBegin = Omit<BeginRequest, 'applicationId'>;

export interface WireRegisterBranch {
  readonly xid: string;
  readonly branchId: string;
  readonly type: number;
  readonly resourceId: string;
  readonly data?: string | null;
  readonly begin?: Omit<WireBegin, 'xid'> | null;
}

export interface WireFailedAttempt {
  /** A Long when it was decoded; its text is the number. */
  readonly atMs: number | { toString(): string };
  readonly error: string;
}

export interface WireBranch {
  readonly branchId: string;
  readonly seq: number;
  readonly type: number;
  readonly resourceId: string;
  readonly status: number;
  readonly attempts: number;
  readonly lastError?: string | null;
  readonly failedAttempts: readonly WireFailedAttempt[];
  readonly result?: string | null;
}

export interface WireSummary {
  readonly xid: string;
  readonly status: number;
  readonly name?: string | null;
  readonly reason: number;
  readonly rollbackOnly?: string | null;
  readonly branches: readonly WireBranch[];
  readonly circle?: readonly string[];
}

export interface WireAwaitRelease extends Omit<AwaitReleaseRequest, 'waiterXid'> {
  readonly waiterXid?: string | null;
}

export interface WireTarget {
  readonly xid: string;
  readonly branchId: string;
  readonly data?: string | null;
}

export interface WirePhaseTwo {
  readonly direction: number;
  readonly resourceId: string;
  readonly targets: readonly WireTarget[];
}

export interface WireOutcome {
  readonly kind: number;
  readonly text?: string | null;
}

export interface WireOutcomes {
  readonly allDone: boolean;
  readonly outcomes: readonly WireOutcome[];
}

type Empty = Readonly<Record<string, never>>;

/** What a client may say: one member per entry of the oneof. */
export interface ClientBodies {
  readonly begin: WireBegin;
  readonly registerBranch: WireRegisterBranch;
  readonly commit: EndRequest;
  readonly rollback: EndRequest;
  readonly outcomes: WireOutcomes;
  readonly setRollbackOnly: SetRollbackOnlyRequest;
  readonly abandonBranch: AbandonBranchRequest;
  readonly status: StatusRequest;
  readonly awaitRelease: WireAwaitRelease;
  readonly attach: WireResource;
  readonly detach: WireResource;
  readonly ping: Empty;
  readonly pong: Empty;
  readonly hello: WireHello;
  readonly goodbye: WireGoodbye;
  readonly refusal: WireRefusal;
}

/** What a node may say. */
export interface ServerBodies {
  readonly done: Empty;
  readonly summary: WireSummary;
  readonly refusal: WireRefusal;
  readonly phaseTwo: WirePhaseTwo;
  readonly ping: Empty;
  readonly pong: Empty;
  readonly welcome: WireWelcome;
  readonly goodbye: WireGoodbye;
}

/**
 * A message: its number, the name of its body, and the body under that name. `body` is undefined
 * where the sender knows an operation that this version does not.
 */
export type WireMessage<Bodies> = { readonly requestId: number } & {
  readonly [Name in keyof Bodies]?: Bodies[Name];
};

export type ClientMessage = WireMessage<ClientBodies>;
export type ServerMessage = WireMessage<ServerBodies>;

/** A message as it was decoded. */
export type Decoded<Bodies> = WireMessage<Bodies> & {
  readonly body: keyof Bodies | undefined;
  /** Its length, where that is more than the limit of a message. */
  readonly oversizeBytes?: number;
};
