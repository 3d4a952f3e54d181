/**
 * What an annotated method does with the global transaction that is (or is not) active around it.
 * The names and meanings are those of Spring and Seata.
 *
 * @publicApi
 */
export enum Propagation {
  /** Join the active global transaction; begin one if there is none. The default. */
  REQUIRED = 'REQUIRED',
  /** Always begin one of its own; an active one is suspended meanwhile. */
  REQUIRES_NEW = 'REQUIRES_NEW',
  /** Join the active one; run without if there is none. */
  SUPPORTS = 'SUPPORTS',
  /** Run without; an active one is suspended meanwhile. */
  NOT_SUPPORTED = 'NOT_SUPPORTED',
  /** Join the active one; refuse to run if there is none. */
  MANDATORY = 'MANDATORY',
  /** Run without; refuse to run if there is an active one. */
  NEVER = 'NEVER',
  /**
   * Refused: a global transaction has no savepoint that all its databases share. Use
   * REQUIRES_NEW, or a savepoint of the local transaction.
   */
  NESTED = 'NESTED',
}
