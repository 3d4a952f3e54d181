import type { Session } from '../coordinator/core/index.js';
import type { StoredSessions } from '../coordinator/store/sqlite/index.js';
import { readSessions } from '../coordinator/store/sqlite/index.js';
import { STORE_DEFAULT } from '../modules/index.js';
import type { Command } from './command.interface.js';

const HELP = `Usage: nestjs-dtx transactions [options]

Lists the open and the last ended global transactions of an embedded coordinator.
It only reads the coordinator's file, and may be used while the application runs.

Options:
  --store FILE  file of the coordinator (default ${STORE_DEFAULT})
  --json        print JSON
  -h, --help    show this help
`;

/** The open ones matter most: all that a person may still read. Of the others, the last ones. */
const LIMITS = { openCountMax: 1_000, endedCountMax: 20 };

export const transactionsCommand: Command = {
  summary: 'the open and the last ended transactions in a coordinator file',
  help: HELP,
  options: { store: { type: 'string', default: STORE_DEFAULT }, json: { type: 'boolean' } },
  async run({ positionals, values }, host) {
    const [unknown] = positionals;
    if (unknown !== undefined) {
      host.err(`What is "${unknown}"?\n${HELP}`);
      return 2;
    }
    const sessions = await readSessions(String(values['store']), LIMITS);
    host.out(values['json'] === true ? asJson(sessions) : asText(sessions, host.now()));
    return 0;
  },
};

function asJson({ ended, open }: StoredSessions): string {
  return `${JSON.stringify({ open: open.map(toJson), ended: ended.map(toJson) }, undefined, 2)}\n`;
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
    })),
  };
}

const isoTime = (timeMs: number): string => new Date(timeMs).toISOString();

function asText({ ended, open }: StoredSessions, nowMs: number): string {
  return [
    section(
      `Open (${countOf(open, LIMITS.openCountMax)})`,
      open,
      (session) => nowMs - session.beganAtMs,
    ),
    section(
      `Last ended (${countOf(ended, LIMITS.endedCountMax)})`,
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
    ],
    details: session.branches.map(branchLine),
  }));
  const widths = HEADINGS.map((heading, column) =>
    Math.max(heading.length, ...rows.map(({ cells }) => cells[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]): string =>
    `  ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd();
  const lines = rows.flatMap(({ cells, details }) => [line(cells), ...details]);
  return [title, line(HEADINGS), ...lines, ''].join('\n');
}

const statusOf = ({ reason, status }: Session): string =>
  reason === undefined ? status : `${status} (${reason})`;

function branchLine({
  attempts,
  lastError,
  resourceId,
  status,
  type,
}: Session['branches'][number]) {
  const tried = attempts > 0 ? `, tried ${String(attempts)} x` : '';
  const error = lastError === undefined ? '' : `: ${lastError.split('\n', 1).join('')}`;
  return `    ${type} ${resourceId} ${status}${tried}${error}`;
}

/** From this many of a unit on, the next larger one is shown. */
const UNITS = [
  { name: 'ms', ms: 1, until: 10_000 },
  { name: 's', ms: 1_000, until: 600_000 },
  { name: 'min', ms: 60_000, until: 36_000_000 },
  { name: 'h', ms: 3_600_000, until: Infinity },
];

function duration(ms: number): string {
  const unit = UNITS.find(({ until }) => ms < until) ?? { name: 'ms', ms: 1 };
  return `${String(Math.floor(ms / unit.ms))} ${unit.name}`;
}
