import { decide } from '../../../lib/coordinator/core/index.js';
import type { Decision } from '../../../lib/coordinator/core/index.js';
import type { CommandName, SessionName } from './sessions.js';
import { COMMANDS, NOW, SESSIONS } from './sessions.js';

/*
 * Every command on every kind of session. `same` means that nothing changes and what stands is
 * answered; other cells name the status that stands afterwards, what is written for it and what is
 * done about it, or the error.
 */
const SAME = 'same';
const NOT_ACTIVE = 'DTX_ERR_TC_NOT_ACTIVE';
const ENDS = (status: string): string => `${status}: end > release ended`;

type Row = Readonly<Record<CommandName, string>>;

/** A decided session: what matters is which outcome of its branch still counts. */
const NOTHING_COUNTS: Row = {
  begin: SAME,
  'register known': NOT_ACTIVE,
  'register new': NOT_ACTIVE,
  abandon: SAME,
  'set rollback-only': SAME,
  commit: SAME,
  rollback: SAME,
  timeout: SAME,
  restart: SAME,
  'outcome done': SAME,
  'outcome retry': SAME,
  'outcome cannot': SAME,
  end: SAME,
};

const ACTIVE: Row = {
  ...NOTHING_COUNTS,
  'register known': SAME,
  'register new': 'active: add-branch',
  abandon: 'active: change-branch',
  'set rollback-only': 'active: change-session',
  commit: 'committing: change-session > release drive',
  rollback: 'rolling-back requested: change-session > drive',
  restart: 'rolling-back restart: change-session > drive',
};

const DECIDED: Row = {
  ...NOTHING_COUNTS,
  'register known': SAME,
};

const TABLE: Readonly<Record<SessionName, Row>> = {
  absent: {
    ...NOTHING_COUNTS,
    begin: 'active: begin > watch-due',
    'set rollback-only': NOT_ACTIVE,
  },
  active: ACTIVE,
  'active, no branch': {
    ...ACTIVE,
    'register known': 'active: add-branch',
    abandon: SAME,
    commit: ENDS('committed'),
    rollback: ENDS('rolled-back requested'),
    restart: ENDS('rolled-back restart'),
  },
  'active, rollback-only': {
    ...ACTIVE,
    'set rollback-only': SAME,
    commit: 'rolling-back rollback-only: change-session > drive',
  },
  'active, overdue': {
    ...ACTIVE,
    timeout: 'rolling-back timeout: change-session > drive',
  },
  'active, abandoned': {
    ...ACTIVE,
    abandon: SAME,
    commit: ENDS('committed'),
    rollback: ENDS('rolled-back requested'),
    restart: ENDS('rolled-back restart'),
  },
  committing: {
    ...DECIDED,
    'set rollback-only': NOT_ACTIVE,
    abandon: ENDS('committed'),
    'outcome done': ENDS('committed'),
    'outcome retry': 'committing: change-branch',
    'outcome cannot': 'committing: change-branch',
  },
  'committing, stuck': {
    ...DECIDED,
    'set rollback-only': NOT_ACTIVE,
    'outcome done': ENDS('committed'),
  },
  'committing, finished': {
    ...DECIDED,
    'set rollback-only': NOT_ACTIVE,
    end: ENDS('committed'),
  },
  committed: { ...NOTHING_COUNTS, 'set rollback-only': NOT_ACTIVE },
  'rolling back': {
    ...DECIDED,
    abandon: ENDS('rolled-back requested'),
    'outcome done': ENDS('rolled-back requested'),
    'outcome retry': 'rolling-back requested: change-branch',
    'outcome cannot': 'rolling-back requested: change-branch',
  },
  'rolling back, stuck': {
    ...DECIDED,
    'outcome done': ENDS('rolled-back requested'),
  },
  'rolling back, finished': { ...DECIDED, end: ENDS('rolled-back requested') },
  'rolled back': NOTHING_COUNTS,
};

const CELLS = Object.entries(TABLE).flatMap(([name, row]) =>
  Object.entries(row).map(([command, expected]) => ({ name, command, expected })),
) as { name: SessionName; command: CommandName; expected: string }[];

describe('decide', () => {
  it.each(CELLS)('$name, $command: $expected', ({ name, command, expected }) => {
    const before = SESSIONS[name];

    const decision = decide(before, COMMANDS[command], NOW);

    expect(told(decision, before)).toBe(expected);
  });

  it.each(CELLS)('$name, $command twice is decided once', ({ name, command }) => {
    const before = SESSIONS[name];
    const first = decide(before, COMMANDS[command], NOW);

    const second = decide(first.standing, COMMANDS[command], NOW + 1);

    // Each failed attempt counts; everything else is the same the second time.
    if (command === 'outcome retry' && first.change !== undefined) {
      expect(second.standing?.branches[0]?.attempts).toBe(2);
    } else {
      expect(second.change).toBeUndefined();
      if (first.refusal !== undefined) expect(second.refusal?.message).toBe(first.refusal.message);
      else expect(second.standing).toBe(first.standing);
    }
  });
});

/** The decision in the words of the table. */
function told({ standing, refusal, change, effects }: Decision, before: unknown): string {
  if (refusal !== undefined) return refusal.code;
  if (change === undefined && standing === before && effects.length === 0) return SAME;
  const status = [standing?.status, standing?.reason].filter((word) => word !== undefined);
  const effect = effects.length > 0 ? ` > ${effects.join(' ')}` : '';
  return `${status.join(' ')}: ${change?.kind ?? 'nothing'}${effect}`;
}
