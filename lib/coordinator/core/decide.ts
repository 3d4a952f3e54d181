import { begin } from './begin.js';
import { registerBranch, reportBranch } from './branches.js';
import type { Command, CommandKind, CommandOf } from './command.js';
import { commit, rollback, setRollbackOnly, timeout } from './deciding.js';
import type { Decision } from './decision.js';
import { unchanged } from './decision.js';
import { end } from './ending.js';
import { operate } from './operating.js';
import { branchOutcome, renew } from './outcomes.js';
import type { Session } from './session.js';
import type { Turn } from './turn.js';

type Rule<K extends CommandKind> = (
  session: Session | undefined,
  command: CommandOf<K>,
  turn: Turn,
) => Decision;

const RULES: { readonly [K in CommandKind]: Rule<K> } = {
  begin,
  'register-branch': registerBranch,
  'report-branch': reportBranch,
  'set-rollback-only': setRollbackOnly,
  commit: (session, _command, turn) => commit(session, turn),
  rollback: (session, _command, turn) => rollback(session, 'requested', turn),
  timeout: (session, _command, turn) => timeout(session, turn),
  restart: (session, _command, turn) => rollback(session, 'restart', turn),
  'branch-outcome': branchOutcome,
  renew,
  end: (session, _command, turn) => end(session, turn),
  operate,
};

/**
 * What a node does of its own accord, for a session that it drives. From others these orders are
 * old: they were given before another node took the session.
 */
const OWNERS_ONLY = new Set<CommandKind>(['timeout', 'restart', 'branch-outcome', 'renew', 'end']);

/**
 * What the command comes to. Pure: the same arguments give the same decision, and nothing is
 * changed; every command may be repeated.
 *
 * @param session what stands, undefined when there is no record
 */
export function decide(session: Session | undefined, command: Command, turn: Turn): Decision {
  const isForeign = session !== undefined && session.owner !== turn.owner;
  if (isForeign && OWNERS_ONLY.has(command.kind)) return unchanged(session);
  const rule = RULES[command.kind] as Rule<CommandKind>;
  return rule(session, command, turn);
}
