export type CheckerName =
  | 'DECISION'
  | 'ATOMICITY'
  | 'PROMISE'
  | 'LIVENESS'
  | 'LEAK'
  | 'TWICE'
  | 'CONSERVATION'
  | 'TRANSITION'
  | 'EPOCH'
  | 'HANGING'
  | 'DURABLE'
  | 'STORE'
  | 'ERROR';

/** One broken invariant. */
export interface Violation {
  readonly checker: CheckerName;
  readonly message: string;
}

export type Report = (checker: CheckerName, message: string) => void;
