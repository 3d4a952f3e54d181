import type { Command, CommandKind } from '../../../lib/coordinator/core/index.js';
import { decide } from '../../../lib/coordinator/core/index.js';
import { NEVER_MS } from '../../../lib/protocol/index.js';
import type { CommandName } from './sessions.js';
import {
  COMMANDS,
  LEASE_MS,
  NOW,
  OWNER,
  SESSIONS,
  branch,
  decided,
  order,
  outcome,
  session,
  turn,
} from './sessions.js';

const OTHER = 'other node';
const elsewhere = turn({ owner: OTHER });
const alone = turn({ leaseMs: Infinity });
const visitor = turn({ owner: OTHER, leaseMs: 0 });

/** What a node does of its own accord. */
const OWNERS_ONLY: ReadonlySet<CommandKind> = new Set<CommandKind>([
  'timeout',
  'restart',
  'branch-outcome',
  'renew',
  'end',
]);

const CELLS = Object.entries(SESSIONS).flatMap(([name, before]) =>
  Object.keys(COMMANDS).map((command) => ({ name, before, command: command as CommandName })),
);

describe('A change', () => {
  it.each(CELLS)('of $name by $command is the next version', ({ before, command }) => {
    const { change, standing } = decide(before, COMMANDS[command], turn());

    if (change === undefined) expect(standing).toBe(before);
    else expect(standing?.version).toBe((before?.version ?? 0) + 1);
  });

  it.each(CELLS)('of $name by $command keeps the epoch of its owner', ({ before, command }) => {
    const { standing } = decide(before, COMMANDS[command], turn());

    if (standing !== undefined) expect(standing).toMatchObject({ owner: OWNER, epoch: 1 });
  });

  it.each(CELLS)('of $name by $command says what it was decided on', ({ before, command }) => {
    const { change, standing } = decide(before, COMMANDS[command], turn());

    if (change !== undefined) {
      expect(change.before).toBe(before);
      expect(change.after).toBe(standing);
    }
  });
});

describe('A node that does not drive a session', () => {
  it.each(CELLS)(
    'and is asked for $command when it is $name takes it with the change',
    ({ before, command }) => {
      const here = decide(before, COMMANDS[command], turn());
      const there = decide(before, COMMANDS[command], elsewhere);

      if (before === undefined || OWNERS_ONLY.has(COMMANDS[command].kind)) return;
      expect(there.refusal?.message).toBe(here.refusal?.message);
      expect(there.change?.kind).toBe(here.change?.kind);
      if (there.change === undefined) return;
      expect(there.standing).toEqual({ ...here.standing, owner: OTHER, epoch: 2 });
    },
  );

  it.each(CELLS.filter(({ command }) => OWNERS_ONLY.has(COMMANDS[command].kind)))(
    'and finds an old $command of its own changes nothing when it is $name',
    ({ before, command }) => {
      const { change, effects, standing } = decide(before, COMMANDS[command], elsewhere);

      expect([change, effects]).toEqual([undefined, []]);
      expect(standing).toBe(before);
    },
  );

  it.each<[string, Command, CommandName | string[]]>([
    ['a registration watches over its time', COMMANDS['register new'], ['watch-due']],
    ['a mark watches over its time', COMMANDS['set rollback-only'], ['watch-due']],
    ['a commit drives it', COMMANDS.commit, ['release', 'drive']],
  ])('and takes it with %s', (_what, command, effects) => {
    expect(decide(SESSIONS.active, command, elsewhere).effects).toEqual(effects);
  });

  it('and takes a decided one drives it', () => {
    const two = decided('rolling-back', branch(), branch({ branchId: '8', seq: 2 }));

    const { effects } = decide(two, COMMANDS.report, elsewhere);

    expect(effects).toEqual(['drive']);
  });

  it('and ends it has nothing more to do', () => {
    const { effects } = decide(SESSIONS.committing, COMMANDS.report, elsewhere);

    expect(effects).toEqual(['release', 'ended']);
  });
});

describe('The lease', () => {
  it('of an active session lasts a little longer than its time', () => {
    const began = decide(undefined, COMMANDS.begin, turn()).standing;

    expect(began?.leaseUntilMs).toBe(NOW + 60_000 + LEASE_MS);
  });

  it('of a decided session is short', () => {
    const { standing } = decide(SESSIONS.active, COMMANDS.commit, turn());

    expect(standing).toMatchObject({ dueAtMs: NOW, leaseUntilMs: NOW + LEASE_MS });
  });

  it('lasts until the next attempt, and a little longer', () => {
    const { standing } = decide(SESSIONS.committing, outcome('retry'), turn());

    expect(standing).toMatchObject({ dueAtMs: NOW + 100, leaseUntilMs: NOW + 100 + LEASE_MS });
  });

  it('lasts until the first of several attempts', () => {
    const before = decided(
      'committing',
      branch({ dueAtMs: NOW + 900 }),
      branch({ branchId: '8', seq: 2, dueAtMs: NOW + 500 }),
      branch({ branchId: '9', seq: 3 }),
    );

    const { standing } = decide(before, outcome('done', '9'), turn());

    expect(standing?.dueAtMs).toBe(NOW + 500);
  });

  it('counts from the branch whose turn it is', () => {
    const before = decided(
      'rolling-back',
      branch({ dueAtMs: NOW - 10 }),
      branch({ branchId: '8', seq: 2, dueAtMs: NOW + 500 }),
      branch({ branchId: '9', seq: 3 }),
    );

    const { standing } = decide(before, outcome('done', '9'), turn());

    expect(standing?.dueAtMs).toBe(NOW + 500);
  });

  it.each([
    ['ended', decide(SESSIONS.committing, outcome('done'), turn()).standing],
    ['left to a person', decide(SESSIONS.committing, outcome('cannot'), turn()).standing],
    ['that no other node can see', decide(SESSIONS.active, COMMANDS.commit, alone).standing],
  ])('of a session %s never lapses', (_what, standing) => {
    expect(standing?.leaseUntilMs).toBe(NEVER_MS);
  });

  it('that a visitor leaves has lapsed: whoever comes next drives the session', () => {
    const stuck = decided('committing', branch({ status: 'needs-attention' }));

    const { standing } = decide(stuck, order('retry'), visitor);

    expect(standing).toMatchObject({ owner: OTHER, epoch: 2, leaseUntilMs: 0 });
  });

  it('that a visitor leaves has lapsed also after a stop: its node has to hear of that', () => {
    const two = decided('committing', branch({ status: 'needs-attention' }), branch());

    const { standing } = decide(two, order('stop'), visitor);

    expect(standing).toMatchObject({ dueAtMs: NEVER_MS, leaseUntilMs: 0 });
  });

  it('is made longer by its node, as long as it asks for', () => {
    const before = decided('committing', branch());

    const { change, standing } = decide(before, { kind: 'renew', leaseMs: 30_000 }, turn());

    expect(change?.kind).toBe('renew');
    expect(standing?.leaseUntilMs).toBe(NOW + 30_000);
  });

  it('is never made shorter than the lease of its node', () => {
    const { standing } = decide(SESSIONS.committing, { kind: 'renew', leaseMs: 0 }, turn());

    expect(standing?.leaseUntilMs).toBe(NOW + LEASE_MS);
  });

  it('that never lapses needs no renewal', () => {
    const before = { ...session(), leaseUntilMs: NEVER_MS };

    expect(decide(before, COMMANDS.renew, turn()).change).toBeUndefined();
  });
});
