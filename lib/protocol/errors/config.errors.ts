import { DtxError } from './dtx.error.js';

/** What an option is allowed to be. */
export interface OptionRule {
  /** Path of the option, such as `DtxModule.forRoot({ coordinator: { store } })`. */
  readonly option: string;
  readonly value: unknown;
  /** What to write instead. */
  readonly fix: string;
}

/** An option has a value that cannot work. Thrown at start. @publicApi */
export class InvalidOptionError extends DtxError {
  static override readonly code = 'DTX_ERR_CONFIG_OPTION';
  readonly option: string;

  constructor(rule: OptionRule) {
    super(`${rule.option} is ${describe(rule.value)}. ${rule.fix}`);
    this.option = rule.option;
  }
}

/** Two resources of one application have the same id. @publicApi */
export class DuplicateResourceError extends DtxError {
  static override readonly code = 'DTX_ERR_CONFIG_DUPLICATE_RESOURCE';

  constructor(readonly resourceId: string) {
    super(
      `Two resources are called "${resourceId}". Phase two would not know which of them to ` +
        `finish: give each data source a resourceId of its own.`,
    );
  }
}

/** An optional package that this feature stands on is not installed. @publicApi */
export class MissingPeerError extends DtxError {
  static override readonly code = 'DTX_ERR_CONFIG_MISSING_PEER';

  constructor(
    readonly peer: string,
    readonly feature: string,
    advice: string,
    options?: ErrorOptions,
  ) {
    super(`${feature} needs the package "${peer}", which could not be loaded. ${advice}`, options);
  }
}

/** A text that should be the id of a global transaction is not one. @publicApi */
export class BadXidError extends DtxError {
  static override readonly code = 'DTX_ERR_BAD_XID';

  constructor(text: string) {
    super(
      `${describe(text)} is not an xid: 1 to 40 characters of A-Z, a-z, 0-9, ".", "_" and "-". ` +
        `Pass on what currentXid() or the TX_XID header gave, unchanged.`,
    );
  }
}

/** A text that should be the id of a branch is not one. @publicApi */
export class BadBranchIdError extends DtxError {
  static override readonly code = 'DTX_ERR_BAD_BRANCH_ID';

  constructor(text: string) {
    super(
      `${describe(text)} is not the id of a branch: a positive 63-bit number in decimal. Nothing ` +
        `was done. Look who speaks for the coordinator here: it would never send such a thing.`,
    );
  }
}

/** An annotated method has a form that no transaction can be put around. @publicApi */
export class UnsupportedMethodError extends DtxError {
  static override readonly code = 'DTX_ERR_CONFIG_METHOD';

  constructor(
    readonly method: string,
    reason: string,
  ) {
    super(`${method} cannot be transactional: ${reason}`);
  }
}

const VALUE_LENGTH_MAX = 80;

function describe(value: unknown): string {
  if (typeof value === 'function') return `a function`;
  if (typeof value === 'bigint' || typeof value === 'symbol') return String(value);
  const text = JSON.stringify(value) as string | undefined;
  if (text === undefined) return 'undefined';
  return text.length > VALUE_LENGTH_MAX ? `${text.slice(0, VALUE_LENGTH_MAX)}…` : text;
}
