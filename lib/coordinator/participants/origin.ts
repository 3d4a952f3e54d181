import type { Detach } from '../../protocol/index.js';

/** The process behind a resource. */
export interface Origin {
  /** Undefined: whoever asks in this process; the coordinator is embedded. */
  readonly applicationId: string | undefined;
  /** Tells the processes of one application apart. Undefined: this one. */
  readonly instanceId: string | undefined;
}

/** Ends an attachment, and gives phase two the time to end that is under way. */
export interface Detachment extends Detach {
  /** The process is gone: there is nothing to wait for. Safe to repeat. */
  lost(): void;
}

/** Resources of the process that the coordinator is embedded in. */
export const HERE: Origin = { applicationId: undefined, instanceId: undefined };
