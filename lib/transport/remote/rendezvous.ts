/** Steps of FNV-1a. */
const OFFSET = 0x811c9dc5;
const PRIME = 0x01000193;

/** A 32-bit number of a text. */
export function hashOf(text: string): number {
  let hash = OFFSET;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), PRIME);
  }
  return hash >>> 0;
}

/**
 * How much a key belongs to a node. Whoever takes the node with the highest weight agrees with all
 * others that know the same nodes, and a node that comes or goes moves only its own keys.
 */
export function weightOf(keyHash: number, nodeHash: number): number {
  // Similar texts have similar hashes: mixed until every bit depends on every other (murmur3).
  let mixed = keyHash ^ nodeHash;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
