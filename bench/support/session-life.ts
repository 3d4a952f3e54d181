import type { Command, Session, Turn } from '../../lib/coordinator/core/index.js';
import { decide, systemIds } from './product.js';

export const NAMESPACE = 'default';

/** A coordinator that has gone, or one that is not there at all. */
const TURN: Omit<Turn, 'nowMs'> = {
  owner: 'nobody',
  leaseMs: 0,
  patience: { attemptsMax: 50, ageMsMax: 86_400_000 },
};

/** What a transaction is to do. */
export interface LifePlan {
  readonly nowMs: number;
  /** One branch at each of them. */
  readonly resourceIds: readonly string[];
  readonly direction: 'commit' | 'rollback';
}

/**
 * The records of one transaction, one after the other, as the coordinator's own rules make them:
 * begun, each branch registered, decided, ended.
 */
export function lifeOf({ direction, nowMs, resourceIds }: LifePlan): readonly Session[] {
  const xid = systemIds.newXid();
  const branchIds = resourceIds.map(() => systemIds.newBranchId());
  const request = { xid, name: 'Bench.transaction', applicationId: 'bench', timeoutMs: 60_000 };
  const commands: Command[] = [
    { kind: 'begin', namespace: NAMESPACE, request },
    ...resourceIds.map((resourceId, index) =>
      registration(xid, branchIds[index] ?? '', resourceId),
    ),
    { kind: direction },
  ];
  const stages: Session[] = [];
  for (const command of commands) stages.push(next(stages.at(-1), command, nowMs));
  const ended = branchIds.reduce(
    (session, branchId) =>
      next(
        session,
        { kind: 'branch-outcome', branchId, outcome: { kind: 'done' }, retryAtMs: 0 },
        nowMs,
      ),
    stages.at(-1),
  );
  return ended === undefined ? stages : [...stages, ended];
}

function registration(xid: string, branchId: string, resourceId: string): Command {
  return {
    kind: 'register-branch',
    namespace: NAMESPACE,
    request: { xid, branchId, type: 'AT', resourceId, applicationId: 'bench' },
  };
}

function next(before: Session | undefined, command: Command, nowMs: number): Session {
  const { standing } = decide(before, command, { ...TURN, nowMs });
  if (standing === undefined || standing === before) throw new Error(`No ${command.kind} here.`);
  return standing;
}
