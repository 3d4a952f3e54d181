import { decide } from '../../../lib/coordinator/core/index.js';
import type { Decision } from '../../../lib/coordinator/core/index.js';
import type { CommandName, SessionName } from './sessions.js';
import { COMMANDS, NOW, SESSIONS, gistOf, turn } from './sessions.js';

/*
 * Every command on every kind of session. `same` means that nothing changes and what stands is
 * answered; other cells name the status that stands afterwards, what is written for it and what is
 * done about it, or the error.
 */
const SAME = 'same';
const NOT_ACTIVE = 'DTX_ERR_TC_NOT_ACTIVE';
const NOT_NOW = 'DTX_ERR_TC_OPERATION_REFUSED';
const ENDS = (status: string): string => `${status}: end > release ended`;

type Row = Readonly<Record<CommandName, string>>;

/** An ended session: it answers as it did, and nothing happens to it. */
const NOTHING_COUNTS: Row = {
  begin: SAME,
  'register known': SAME,
  'register new': NOT_ACTIVE,
  'register first': NOT_ACTIVE,
  report: SAME,
  'set rollback-only': SAME,
  commit: SAME,
  rollback: SAME,
  timeout: SAME,
  restart: SAME,
  'outcome done': SAME,
  'outcome retry': SAME,
  'outcome cannot': SAME,
  renew: SAME,
  end: SAME,
  'order retry': SAME,
  'order stop': SAME,
  'order accept': SAME,
};

const ACTIVE: Row = {
  ...NOTHING_COUNTS,
  'register new': 'active: add-branch',
  'register first': 'active: add-branch',
  report: 'active: change-branch',
  'set rollback-only': 'active: change-session',
  commit: 'committing: decide > release drive',
  rollback: 'rolling-back requested: decide > drive',
  restart: 'rolling-back restart: decide > drive',
  renew: 'active: renew',
  'order retry': NOT_NOW,
  'order stop': NOT_NOW,
  'order accept': NOT_NOW,
};

/** What matters is which outcome of its branch, and which order of a person, still counts. */
const COMMITTING: Row = {
  ...NOTHING_COUNTS,
  'set rollback-only': NOT_ACTIVE,
  renew: 'committing: renew',
};

const ORDER_COUNTS = 'committing: change-session > drive';

const ROLLING_BACK: Row = {
  ...NOTHING_COUNTS,
  renew: 'rolling-back requested: renew',
};

const ORDER_COUNTS_TOO = 'rolling-back requested: change-session > drive';

const TABLE: Readonly<Record<SessionName, Row>> = {
  absent: {
    ...NOTHING_COUNTS,
    begin: 'active: begin > watch-due',
    'register known': NOT_ACTIVE,
    'register first': 'active: begin > watch-due',
    'order retry': NOT_NOW,
    'order stop': NOT_NOW,
    'order accept': NOT_NOW,
    'set rollback-only': NOT_ACTIVE,
  },
  active: ACTIVE,
  'active, no branch': {
    ...ACTIVE,
    'register known': 'active: add-branch',
    report: SAME,
    commit: ENDS('committed'),
    rollback: ENDS('rolled-back requested'),
    restart: ENDS('rolled-back restart'),
  },
  'active, rollback-only': {
    ...ACTIVE,
    'set rollback-only': SAME,
    commit: 'rolling-back rollback-only: decide > drive',
  },
  'active, overdue': {
    ...ACTIVE,
    timeout: 'rolling-back timeout: decide > drive',
  },
  'active, abandoned': {
    ...ACTIVE,
    report: SAME,
    commit: ENDS('committed'),
    rollback: ENDS('rolled-back requested'),
    restart: ENDS('rolled-back restart'),
  },
  committing: {
    ...COMMITTING,
    report: ENDS('committed'),
    'outcome done': ENDS('committed'),
    'outcome retry': 'committing: change-branch',
    'outcome cannot': 'committing: change-branch',
    'order retry': ORDER_COUNTS,
    'order stop': ORDER_COUNTS,
    'order accept': ORDER_COUNTS,
  },
  'committing, stuck': {
    ...COMMITTING,
    'outcome done': ENDS('committed'),
    'order retry': ORDER_COUNTS,
    'order accept': ORDER_COUNTS,
  },
  'committing, finished': { ...COMMITTING, end: ENDS('committed') },
  committed: { ...NOTHING_COUNTS, 'set rollback-only': NOT_ACTIVE },
  'rolling back': {
    ...ROLLING_BACK,
    report: ENDS('rolled-back requested'),
    'outcome done': ENDS('rolled-back requested'),
    'outcome retry': 'rolling-back requested: change-branch',
    'outcome cannot': 'rolling-back requested: change-branch',
    'order retry': ORDER_COUNTS_TOO,
    'order stop': ORDER_COUNTS_TOO,
    'order accept': ORDER_COUNTS_TOO,
  },
  'rolling back, stuck': {
    ...ROLLING_BACK,
    'outcome done': ENDS('rolled-back requested'),
    'order retry': ORDER_COUNTS_TOO,
    'order accept': ORDER_COUNTS_TOO,
  },
  'rolling back, finished': { ...ROLLING_BACK, end: ENDS('rolled-back requested') },
  'rolled back': NOTHING_COUNTS,
};

const CELLS = Object.entries(TABLE).flatMap(([name, row]) =>
  Object.entries(row).map(([command, expected]) => ({ name, command, expected })),
) as { name: SessionName; command: CommandName; expected: string }[];

describe('decide', () => {
  it.each(CELLS)('$name, $command: $expected', ({ name, command, expected }) => {
    const before = SESSIONS[name];

    const decision = decide(before, COMMANDS[command], turn());

    expect(told(decision, before)).toBe(expected);
  });

  it.each(CELLS)('$name, $command twice is decided once', ({ name, command }) => {
    const before = SESSIONS[name];
    const first = decide(before, COMMANDS[command], turn());

    const second = decide(first.standing, COMMANDS[command], turn({ nowMs: NOW + 1 }));

    // Each failed attempt counts, and time goes on; everything else is the same the second time.
    if (command === 'outcome retry' && first.change !== undefined) {
      expect(second.standing?.branches[0]?.attempts).toBe(2);
    } else if (TIMED.has(command) && first.refusal === undefined) {
      expect(gistOf(second.standing)).toEqual(gistOf(first.standing));
    } else {
      expect(second.change).toBeUndefined();
      if (first.refusal !== undefined) expect(second.refusal?.message).toBe(first.refusal.message);
      else expect(second.standing).toBe(first.standing);
    }
  });
});

/** Commands that count from the moment at which they come. */
const TIMED = new Set<CommandName>(['renew', 'order retry']);

/** The decision in the words of the table. */
function told({ standing, refusal, change, effects }: Decision, before: unknown): string {
  if (refusal !== undefined) return refusal.code;
  if (change === undefined && standing === before && effects.length === 0) return SAME;
  const status = [standing?.status, standing?.reason].filter((word) => word !== undefined);
  const effect = effects.length > 0 ? ` > ${effects.join(' ')}` : '';
  return `${status.join(' ')}: ${change?.kind ?? 'nothing'}${effect}`;
}
