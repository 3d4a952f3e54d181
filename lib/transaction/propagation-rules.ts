import { Propagation } from '../protocol/index.js';

/** What a template does about the transaction around it. */
export type PropagationStep =
  /** Run the body inside the active transaction. */
  | 'join'
  /** Begin one; whatever is around is suspended until it has ended. */
  | 'begin'
  /** Run the body without any; whatever is around is suspended meanwhile. */
  | 'without'
  /** Refuse, since none is active. */
  | 'refuse-missing'
  /** Refuse, since one is active. */
  | 'refuse-active'
  /** Refuse, since no global transaction can nest. */
  | 'refuse-nested';

interface PropagationRow {
  readonly active: PropagationStep;
  readonly none: PropagationStep;
  /** Whether a transaction that has ended, but still is around a late caller, is an error. */
  readonly minds: boolean;
}

/** One row per propagation: what happens inside an active transaction, and without one. */
export const PROPAGATION_STEPS: Readonly<Record<Propagation, PropagationRow>> = {
  [Propagation.REQUIRED]: { active: 'join', none: 'begin', minds: true },
  [Propagation.REQUIRES_NEW]: { active: 'begin', none: 'begin', minds: false },
  [Propagation.SUPPORTS]: { active: 'join', none: 'without', minds: true },
  [Propagation.NOT_SUPPORTED]: { active: 'without', none: 'without', minds: false },
  [Propagation.MANDATORY]: { active: 'join', none: 'refuse-missing', minds: true },
  [Propagation.NEVER]: { active: 'refuse-active', none: 'without', minds: false },
  [Propagation.NESTED]: { active: 'refuse-nested', none: 'refuse-nested', minds: false },
};
