/** Of the wire: uint32, and 0 is nobody's. */
const REQUEST_ID_MAX = 0xffff_ffff;

/** After four billion calls numbers come again; one that still waits keeps its own. */
export function requestIdAfter(lastId: number, isTaken: (requestId: number) => boolean): number {
  let requestId = lastId;
  do requestId = requestId >= REQUEST_ID_MAX ? 1 : requestId + 1;
  while (isTaken(requestId));
  return requestId;
}
