/** What the benchmark asks the process of its coordinator. */
export type ToCoordinator =
  | { readonly ask: 'figures' }
  /** Answered when so many transactions have ended. */
  | { readonly ask: 'ended'; readonly count: number };

/** What its coordinator has used and moved since its start. */
export interface CoordinatorFigures {
  /** Of the whole process: all of its threads. */
  readonly cpuUs: number;
  readonly messages: number;
}

export type FromCoordinator =
  | { readonly kind: 'ready'; readonly address: string }
  | { readonly kind: 'figures'; readonly figures: CoordinatorFigures }
  | { readonly kind: 'ended' };
