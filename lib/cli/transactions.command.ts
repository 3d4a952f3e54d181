import type { Session, SessionQuery } from '../coordinator/index.js';
import { readStore } from '../coordinator/index.js';
import { STORE_DEFAULT } from '../modules/index.js';
import type { Command } from './command.interface.js';
import { duration } from './duration.js';
import { printable, printableLines } from './printable.js';
import { atStore } from './store-option.js';
import { textTable } from './text-table.js';

const HELP = `Usage: nestjs-dtx transactions [options]

Lists the open and the last ended global transactions of a coordinator.
It only reads the coordinator's store, and may be used while the application runs.

Options:
  --store STORE  file or database URL of the coordinator (default $DTX_STORE_URL, or
                 ${STORE_DEFAULT}); \${NAME} in a URL stands for a variable
                 of the environment
  --attention    only the open ones with a branch that needs attention
  --json         print JSON
  -h, --help     show this help
`;

/** The open ones matter most: all that a person may still read. Of the others, the last ones. */
const OPEN_COUNT_MAX = 1_000;
const ENDED_COUNT_MAX = 20;

const OPEN_AND_ENDED: readonly SessionQuery[] = [
  { which: 'open', countMax: OPEN_COUNT_MAX },
  { which: 'ended', countMax: ENDED_COUNT_MAX },
];
const ATTENTION: readonly SessionQuery[] = [{ which: 'attention', countMax: OPEN_COUNT_MAX }];

/** What a store holds at one moment. */
interface StoredSessions {
  readonly open: readonly Session[];
  /** Undefined when nobody asked for them. */
  readonly ended: readonly Session[] | undefined;
}

export const transactionsCommand: Command = {
  summary: 'the open and the last ended transactions of a coordinator',
  help: HELP,
  options: {
    store: { type: 'string' },
    attention: { type: 'boolean' },
    json: { type: 'boolean' },
  },
  async run({ positionals, values }, host) {
    const [unknown] = positionals;
    if (unknown !== undefined) {
      host.err(`What is "${unknown}"?\n${HELP}`);
      return 2;
    }
    return atStore(values, host, async (store) => {
      const [open = [], ended] = await readStore(
        store,
        values['attention'] === true ? ATTENTION : OPEN_AND_ENDED,
      );
      const sessions = { open, ended };
      host.out(values['json'] === true ? asJson(sessions) : asText(sessions, host.now()));
    });
  },
};

function asJson({ ended = [], open }: StoredSessions): string {
  const sessions = { open: open.map(toJson), ended: ended.map(toJson) };
  return printableLines(`${JSON.stringify(sessions, undefined, 2)}\n`);
}

/** The fields of a session that mean something outside its coordinator. */
function toJson(session: Session) {
  const { applicationId, branches, name, namespace, reason, rollbackOnly, status, xid } = session;
  return {
    xid,
    namespace,
    name,
    applicationId,
    status,
    reason,
    rollbackOnly,
    timeoutMs: session.timeoutMs,
    beganAt: isoTime(session.beganAtMs),
    endedAt: session.endedAtMs === undefined ? undefined : isoTime(session.endedAtMs),
    branches: branches.map((branch) => ({
      branchId: branch.branchId,
      seq: branch.seq,
      type: branch.type,
      resourceId: branch.resourceId,
      applicationId: branch.applicationId,
      status: branch.status,
      attempts: branch.attempts,
      lastError: branch.lastError,
      failedAttempts: branch.failedAttempts.map(({ atMs, error }) => ({
        at: isoTime(atMs),
        error,
      })),
      result: branch.result,
    })),
  };
}

const isoTime = (timeMs: number): string => new Date(timeMs).toISOString();

function asText({ ended, open }: StoredSessions, nowMs: number): string {
  const openCount = countOf(open, OPEN_COUNT_MAX);
  const ageMs = (session: Session): number => nowMs - session.beganAtMs;
  if (ended === undefined) return section(`Needs attention (${openCount})`, open, ageMs);
  return [
    section(`Open (${openCount})`, open, ageMs),
    section(
      `Last ended (${countOf(ended, ENDED_COUNT_MAX)})`,
      ended,
      (session) => (session.endedAtMs ?? nowMs) - session.beganAtMs,
    ),
  ].join('\n');
}

/** At its limit a list may be longer than what was read. */
const countOf = (sessions: readonly Session[], max: number): string =>
  `${String(sessions.length)}${sessions.length === max ? '+' : ''}`;

const HEADINGS = ['XID', 'STATUS', 'FOR', 'APPLICATION', 'NAME'];

function section(
  title: string,
  sessions: readonly Session[],
  ageMs: (session: Session) => number,
): string {
  if (sessions.length === 0) return `${title}\n`;
  const rows = sessions.map((session) => ({
    cells: [
      session.xid,
      statusOf(session),
      duration(ageMs(session)),
      session.applicationId,
      session.name,
    ].map(printable),
    details: session.branches.map(branchLine),
  }));
  const [headings = '', ...lines] = textTable([HEADINGS, ...rows.map(({ cells }) => cells)]);
  const listed = rows.flatMap(({ details }, index) => [lines[index] ?? '', ...details]);
  return [title, headings, ...listed, ''].join('\n');
}

const statusOf = ({ reason, status }: Session): string =>
  reason === undefined ? status : `${status} (${reason})`;

function branchLine({
  attempts,
  branchId,
  lastError,
  resourceId,
  status,
  type,
}: Session['branches'][number]) {
  const tried = attempts > 0 ? `, tried ${String(attempts)} x` : '';
  const error = lastError === undefined ? '' : `: ${lastError.split('\n', 1).join('')}`;
  return `    ${printable(`${branchId} ${type} ${resourceId} ${status}${tried}${error}`)}`;
}
