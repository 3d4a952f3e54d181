import { Chaos } from '../support/chaos.js';
import type { ChaosKind } from './options.js';
import type { LostAnswers } from './place-all.js';
import { perProcess, type ProcessName, type RemoteServices } from './remote-services.js';

/** What a run with processes of their own adds to the result. */
export interface RemoteRun {
  readonly chaos?: ChaosKind;
  readonly kills: Readonly<Record<ProcessName, number>>;
  readonly lost: LostAnswers;
}

/** Whom it kills, one after the other. */
const TARGETS: Readonly<Record<ChaosKind, readonly ProcessName[]>> = {
  coordinator: ['coordinator'],
  services: ['order', 'stock', 'account'],
};

/** The coordinator three times, or each of the services once. */
const KILLS_MIN = 3;

export function startChaos(kind: ChaosKind, { processes }: RemoteServices): Chaos {
  const targets = TARGETS[kind].map((name) => processes[name]);
  return new Chaos({ targets, killsMin: KILLS_MIN });
}

/** @throws Error when chaos was asked for, and the load has not seen enough of it */
export function describeRemote(
  { processes }: RemoteServices,
  lost: LostAnswers,
  chaos: ChaosKind | undefined,
): RemoteRun {
  const kills = perProcess((name) => processes[name].kills);
  const count = Object.values(kills).reduce((sum, kill) => sum + kill, 0);
  if (chaos === undefined) return { kills, lost };
  if (count >= KILLS_MIN) return { chaos, kills, lost };
  throw new Error(
    `The orders were placed before ${KILLS_MIN} processes had been killed. Place more of them.`,
  );
}
