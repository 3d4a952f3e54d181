/** Who decides and when: what a decision needs of the world, as plain values. */
export interface Turn {
  /** Wall clock, milliseconds since 1970. */
  readonly nowMs: number;
  /** The node that decides. What it changes is its own from then on. */
  readonly owner: string;
  /**
   * How long others keep their hands off what it drives. Infinity: there are no others. 0: it is
   * a visitor, which leaves the driving to them.
   */
  readonly leaseMs: number;
  readonly patience: Patience;
}

/** After how much in vain a branch is left to a person. */
export interface Patience {
  /** Phase-two calls that fail. */
  readonly attemptsMax: number;
  /** Milliseconds since phase two could have begun. */
  readonly ageMsMax: number;
}
