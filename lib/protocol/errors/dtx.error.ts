const brandOf = (code: string): symbol => Symbol.for(`dtx.error.${code}`);

/** A class of the DtxError family, as its constructor looks. */
export interface DtxErrorClass {
  readonly code?: string;
}

/**
 * Base of every error that this package throws. `code` is stable and stands in docs/errors.md; the
 * message says what happened and what to do next.
 *
 * `instanceof` holds across realms and across copies of the package, since it looks for a brand,
 * and through TypeORM's QueryFailedError.
 *
 * @example
 * ```ts
 * import { DtxError } from 'nestjs-dtx';
 *
 * export const isOurs = (error: unknown): boolean => error instanceof DtxError;
 * ```
 *
 * @publicApi
 */
export class DtxError extends Error {
  static readonly code: string = 'DTX_ERR';

  readonly code: string;

  /** Whether the same work may succeed when it is tried again as a whole. */
  readonly retryable: boolean = false;

  constructor(message: string, options?: ErrorOptions) {
    super(`[${new.target.code}] ${message}`, options);
    this.name = new.target.name;
    this.code = new.target.code;
    brand(this, new.target);
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    if (typeof value !== 'object' || value === null) return false;
    if (brandOf(this.code) in value) return true;
    // TypeORM wraps what its driver throws in a QueryFailedError and copies the fields: it passes
    // for the error that it carries.
    return 'driverError' in value && value.driverError instanceof this;
  }
}

/** One brand per ancestor: a subclass inherits Symbol.hasInstance, which asks for its own code. */
export function brand(error: object, type: DtxErrorClass): void {
  let ancestor: DtxErrorClass | null = type;
  while (ancestor?.code !== undefined) {
    Object.defineProperty(error, brandOf(ancestor.code), { value: true, configurable: true });
    ancestor = Object.getPrototypeOf(ancestor) as DtxErrorClass | null;
  }
}

/** The text of anything that was thrown. */
export function messageOf(thrown: unknown): string {
  if (typeof thrown === 'object' && thrown !== null && 'message' in thrown) {
    return String(thrown.message);
  }
  return String(thrown);
}

/** The `code` of anything that was thrown, if it has one. */
export function codeOf(thrown: unknown): string | undefined {
  if (typeof thrown !== 'object' || thrown === null || !('code' in thrown)) return undefined;
  return typeof thrown.code === 'string' ? thrown.code : undefined;
}
