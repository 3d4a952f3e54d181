import { failpoint } from '../../system/index.js';
import type { StoreCommand } from '../store/index.js';

type Kind = StoreCommand['kind'];

const NAMES: Readonly<Record<Kind, { readonly before: string; readonly after: string }>> = {
  begin: { before: 'begin.before', after: 'begin.after' },
  'add-branch': { before: 'register.before', after: 'register.after' },
  'change-branch': { before: 'outcome.before', after: 'outcome.after' },
  'change-session': { before: 'change.before', after: 'change.after' },
  decide: { before: 'decide.before', after: 'decide.after' },
  renew: { before: 'renew.before', after: 'renew.after' },
  end: { before: 'end.before', after: 'end.after' },
  purge: { before: 'purge.before', after: 'purge.after' },
};

/** Passes the failpoint of each command that is about to become durable, or just has. */
export function failpointsOf(commands: readonly StoreCommand[], when: 'before' | 'after'): void {
  for (const command of commands) failpoint(NAMES[command.kind][when]);
}
