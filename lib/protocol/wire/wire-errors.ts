import { DtxError, errorLike, messageOf } from '../errors/index.js';
import type { WireRefusal } from './wire-messages.js';

/** What every error has beside the ids that it names. */
const OWN = new Set(['name', 'code', 'message', 'stack', 'cause', 'retryable']);

/** More than the errors of this package ever name. */
const FIELDS_LENGTH_MAX = 10_000;

/** An error as it travels: its code, its text, and the ids that it names. */
export function toWireRefusal(error: unknown): WireRefusal {
  if (!(error instanceof DtxError)) return { code: '', message: messageOf(error), fields: '' };
  const named = Object.entries(error).filter(([name]) => !OWN.has(name));
  return {
    code: error.code,
    message: error.message,
    fields: named.length === 0 ? '' : JSON.stringify(Object.fromEntries(named)),
  };
}

/**
 * The error that the other side has thrown: an instance of the class of its code. One whose code
 * this version does not know is a DtxError with that code.
 */
export function fromWireRefusal({ code, fields, message }: WireRefusal): DtxError {
  return errorLike(code === '' ? 'DTX_ERR' : code, message, readFields(fields));
}

/** What comes over a wire can hold anything: only plain values under plain names are taken. */
function readFields(text: string): Readonly<Record<string, unknown>> {
  if (text === '' || text.length > FIELDS_LENGTH_MAX) return {};
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed !== 'object' || parsed === null) return {};
    return Object.fromEntries(
      Object.entries(parsed).filter(
        ([name, value]) => /^[a-z][A-Za-z0-9]*$/.test(name) && !OWN.has(name) && isPlain(value),
      ),
    );
  } catch {
    return {};
  }
}

function isPlain(value: unknown): boolean {
  return ['string', 'number', 'boolean'].includes(typeof value);
}
