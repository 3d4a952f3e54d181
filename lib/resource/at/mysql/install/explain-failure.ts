import { errnoOf, serverTextOf } from '../session.js';

const BINLOG =
  'the server writes a binary log and lets only privileged users create triggers (error 1419). ' +
  'Either set log_bin_trust_function_creators = 1 on the server (SET GLOBAL ' +
  'log_bin_trust_function_creators = 1, and the same in its configuration), or have an ' +
  'administrator with the privilege SUPER (MySQL 8: SET_USER_ID or SUPER) run ' +
  '"npx nestjs-dtx at install" once; applications then start with install: \'check\'.';

const DENIED =
  'Have an administrator grant CREATE, SELECT, INSERT, UPDATE, DELETE and TRIGGER on the ' +
  'database to the user (ALTER and DROP, too, where the tables dtx_* are of an older version), ' +
  'or run "npx nestjs-dtx at install"; applications then start with install: \'check\'.';

const DENIED_ERRNOS = new Set([1044, 1142, 1143, 1227, 1370]);

/** What the server's refusal means, and what to do. */
export function explainFailure(error: unknown): string {
  const errno = errnoOf(error);
  if (errno === 1419) return BINLOG;
  const text = serverTextOf(error);
  return errno !== undefined && DENIED_ERRNOS.has(errno) ? `${text}. ${DENIED}` : text;
}
