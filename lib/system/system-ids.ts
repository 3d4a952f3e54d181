import { randomFillSync } from 'node:crypto';

import type { Ids } from '../protocol/index.js';

const XID_BYTES = 16;
const BRANCH_ID_BYTES = 8;

/** Bytes drawn at once: a system call for each id would cost more than everything else about it. */
const BLOCK_BYTES = 4096;

const POSITIVE_63_BITS = (1n << 63n) - 1n;

const block = Buffer.alloc(BLOCK_BYTES);
let usedBytes = BLOCK_BYTES;

/** Ids from the operating system's random numbers: nobody can guess or repeat them. */
export const systemIds: Ids = {
  newXid(): string {
    const from = takeBytes(XID_BYTES);
    return nearby() + block.toString('hex', from, from + XID_BYTES);
  },
  newBranchId(): string {
    const id = block.readBigUInt64BE(takeBytes(BRANCH_ID_BYTES)) & POSITIVE_63_BITS;
    return id === 0n ? '1' : id.toString();
  },
};

/** Returns the offset of bytes that no other id is made of. */
function takeBytes(count: number): number {
  if (usedBytes + count > BLOCK_BYTES) {
    randomFillSync(block);
    usedBytes = 0;
  }
  const from = usedBytes;
  usedBytes += count;
  return from;
}

/**
 * The milliseconds of the last seven weeks, in front of an id: ids of the same moment lie together
 * in an index, so that a batch of them writes few pages, however long the history is. Nothing reads
 * it, and a wrong clock only costs that.
 */
function nearby(): string {
  return (Date.now() >>> 0).toString(16).padStart(8, '0');
}
