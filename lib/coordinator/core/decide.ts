import { begin } from './begin.js';
import { abandonBranch, branchOutcome, registerBranch } from './branches.js';
import type { Command, CommandKind, CommandOf } from './command.js';
import { commit, rollback, setRollbackOnly, timeout } from './deciding.js';
import type { Decision } from './decision.js';
import { end } from './ending.js';
import type { Session } from './session.js';

type Rule<K extends CommandKind> = (
  session: Session | undefined,
  command: CommandOf<K>,
  now: number,
) => Decision;

const RULES: { readonly [K in CommandKind]: Rule<K> } = {
  begin,
  'register-branch': registerBranch,
  'abandon-branch': abandonBranch,
  'set-rollback-only': setRollbackOnly,
  commit: (session, _command, now) => commit(session, now),
  rollback: (session, _command, now) => rollback(session, 'requested', now),
  timeout: (session, _command, now) => timeout(session, now),
  restart: (session, _command, now) => rollback(session, 'restart', now),
  'branch-outcome': branchOutcome,
  end: (session, _command, now) => end(session, now),
};

/**
 * What the command comes to. Pure: the same arguments give the same decision, and nothing is
 * changed; every command may be repeated.
 *
 * @param session what stands, undefined when there is no record
 */
export function decide(session: Session | undefined, command: Command, now: number): Decision {
  const rule = RULES[command.kind] as Rule<CommandKind>;
  return rule(session, command, now);
}
