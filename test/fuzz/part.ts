import type { GlobalTransaction } from 'nestjs-dtx';

import type { Plan } from './plan.js';
import type { Played } from './play.js';

/** A global transaction that is played: its plan and how far it came. */
export interface Part {
  readonly plan: Plan;
  /** Whether another one is open at the same time, which may hold its rows. */
  readonly hasRival: boolean;
  readonly played: { readonly index: number; readonly result: Played }[];
  transaction?: GlobalTransaction;
  /** Why it has to roll back, beside its plan. */
  stopped?: string;
  committed: boolean;
}
