/** Just before a port call leaves its process, or just after. */
export type CrashMoment = 'before' | 'after';

/** Says which port calls of which process are its last, and how long it is down then. */
export interface CrashPlan {
  /** @param call the number of the port call in its process, 1 for the first of the run */
  momentAt(process: string, call: number): CrashMoment | undefined;
  downMs(): number;
}

export const NO_CRASHES: CrashPlan = { momentAt: () => undefined, downMs: () => 0 };
