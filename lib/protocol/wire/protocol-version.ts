/** The version of the protocol that this package writes. */
export const PROTOCOL_VERSION = 1;

/** The oldest one that it understands: its own and the one before, once there is one. */
export const PROTOCOL_VERSION_MIN = Math.max(1, PROTOCOL_VERSION - 1);

export interface VersionRange {
  readonly min: number;
  readonly max: number;
}

export const VERSIONS: VersionRange = { min: PROTOCOL_VERSION_MIN, max: PROTOCOL_VERSION };

/** The highest version that both sides know, if there is one. */
export function agreedVersion(ours: VersionRange, theirs: VersionRange): number | undefined {
  const highest = Math.min(ours.max, theirs.max);
  return highest >= Math.max(ours.min, theirs.min) ? highest : undefined;
}
