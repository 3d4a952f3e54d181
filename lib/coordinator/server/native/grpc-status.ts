import type { DtxError } from '../../../protocol/index.js';

/** Numbers of gRPC, as https://grpc.github.io/grpc/core/md_doc_statuscodes.html lists them. */
const CODES: Readonly<Record<string, number>> = {
  DTX_ERR_PROTOCOL_BAD_FRAME: 3, // INVALID_ARGUMENT
  DTX_ERR_PROTOCOL_VIOLATION: 3,
  DTX_ERR_RESOURCE_EXHAUSTED: 8, // RESOURCE_EXHAUSTED
  DTX_ERR_PROTOCOL_VERSION: 9, // FAILED_PRECONDITION
  DTX_ERR_TC_CLOSED: 14, // UNAVAILABLE
  DTX_ERR_PROTOCOL_CREDENTIAL: 16, // UNAUTHENTICATED
};

const UNKNOWN = 2;

/** How a stream ends that is closed for that reason: for tools that know gRPC and not us. */
export function statusOf(reason: DtxError): Error & { code: number; details: string } {
  // A detour by UTF-8: gRPC cannot send half a surrogate pair, and throws.
  const details = Buffer.from(reason.message).toString();
  return Object.assign(new Error(details), { code: CODES[reason.code] ?? UNKNOWN, details });
}
