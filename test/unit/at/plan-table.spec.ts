import type { TablePlan } from '../../../lib/resource/at/postgres/install/plan-table.js';
import { isCurrent, planTable } from '../../../lib/resource/at/postgres/install/plan-table.js';
import { wantedTriggers } from '../../../lib/resource/at/postgres/install/wanted-triggers.js';
import type { TableDefinition } from '../../../lib/resource/at/postgres/table-definition.js';
import { shapeOf } from '../../../lib/resource/at/postgres/table-definition.js';
import { column, table } from './table-under-test.js';

const NOTHING = new Map<string, string>();

/** The same table after its plan was carried out, and the functions that exist then. */
function installed(definition: TableDefinition): {
  definition: TableDefinition;
  functions: Map<string, string>;
} {
  const triggers = wantedTriggers(definition).map(({ function: fn, name, type }) => {
    return { name, function: fn, type, enabled: 'O' };
  });
  const { functionStatements } = planTable(definition, NOTHING);
  const functions = new Map<string, string>();
  for (const statement of functionStatements) {
    const [, name = '', mark = ''] = /^COMMENT ON FUNCTION (\S+) IS '(.*)'$/.exec(statement) ?? [];
    if (name !== '') functions.set(name, mark);
  }
  return { definition: { ...definition, triggers }, functions };
}

const triggersOf = ({ triggerStatements }: TablePlan): readonly string[] =>
  triggerStatements.map((text) => text.replace(/ (BEFORE|AFTER|ON) .*/s, ''));

describe('The plan for a table', () => {
  it('creates what is missing', () => {
    const plan = planTable(table(), NOTHING);

    expect(triggersOf(plan)).toEqual([
      'CREATE TRIGGER "!dtx_capture"',
      'CREATE TRIGGER "!dtx_truncate"',
    ]);
    expect(plan.functionStatements[0]).toMatch(/^CREATE OR REPLACE FUNCTION dtx\.capture_public_/);
  });

  it('is empty for a table that has everything', () => {
    const { definition, functions } = installed(table());

    expect(isCurrent(planTable(definition, functions))).toBe(true);
  });

  it.each<[string, Partial<TableDefinition>]>([
    ['another column', { columns: [...table().columns, column('n', 'int4')] }],
    ['another type', { columns: [column('id', 'int8'), column('owner', 'text')] }],
    ['another key', { key: ['id', 'owner'] }],
  ])('replaces the function and leaves the triggers for %s', (_what, change) => {
    const { definition, functions } = installed(table());

    const plan = planTable({ ...definition, ...change }, functions);

    expect(plan.triggerStatements).toEqual([]);
    expect(plan.functionStatements).toHaveLength(4);
  });

  it('lets nobody else put the function on a table', () => {
    expect(planTable(table(), NOTHING).functionStatements).toContainEqual(
      expect.stringMatching(/^REVOKE ALL ON FUNCTION dtx\.capture_\S+ FROM PUBLIC$/),
    );
  });

  it('switches a trigger on again that was switched off', () => {
    const { definition, functions } = installed(table());
    const triggers = definition.triggers.map((trigger) => ({ ...trigger, enabled: 'D' }));

    expect(triggersOf(planTable({ ...definition, triggers }, functions))).toEqual([
      'ALTER TABLE public.account ENABLE TRIGGER "!dtx_capture"',
      'ALTER TABLE public.account ENABLE TRIGGER "!dtx_truncate"',
    ]);
  });

  it('makes a trigger again that fires for something else', () => {
    const { definition, functions } = installed(table());
    const triggers = definition.triggers.map((trigger) => ({ ...trigger, type: 5 }));

    expect(triggersOf(planTable({ ...definition, triggers }, functions))).toEqual([
      'DROP TRIGGER "!dtx_capture"',
      'CREATE TRIGGER "!dtx_capture"',
      'DROP TRIGGER "!dtx_truncate"',
      'CREATE TRIGGER "!dtx_truncate"',
    ]);
  });

  it('puts a guard against writers from outside where one is asked for, and takes it away', () => {
    const { definition, functions } = installed(table());
    const guard = wantedTriggers(table(), true).find(({ name }) => name === '!dtx_guard');
    const triggers = [
      ...definition.triggers,
      { name: '!dtx_guard', function: guard?.function ?? '', type: guard?.type ?? 0, enabled: 'O' },
    ];

    expect(triggersOf(planTable(definition, functions, true))).toEqual([
      'CREATE TRIGGER "!dtx_guard"',
    ]);
    expect(triggersOf(planTable({ ...definition, triggers }, functions, true))).toEqual([]);
    expect(triggersOf(planTable({ ...definition, triggers }, functions))).toEqual([
      'DROP TRIGGER "!dtx_guard"',
    ]);
  });

  it('refuses writes once a table has lost its key', () => {
    const { definition, functions } = installed(table());

    expect(triggersOf(planTable({ ...definition, key: [] }, functions))).toEqual([
      'DROP TRIGGER "!dtx_capture"',
      'CREATE TRIGGER "!dtx_refuse"',
    ]);
  });

  it('leaves triggers of others alone that look like ours', () => {
    const { definition, functions } = installed(table());
    const theirs = { name: '!dtx_own', function: 'public.f', type: 5, enabled: 'O' };
    const triggers = [...definition.triggers, theirs];

    expect(isCurrent(planTable({ ...definition, triggers }, functions))).toBe(true);
  });

  it('puts only the trigger for TRUNCATE on a partition', () => {
    expect(triggersOf(planTable(table({ isPartition: true }), NOTHING))).toEqual([
      'CREATE TRIGGER "!dtx_truncate"',
    ]);
  });

  it('has capture fire before the triggers of foreign keys and of users', () => {
    const [capture] = wantedTriggers(table());

    expect([capture?.name, 'RI_ConstraintTrigger_a_1', '0_first'].sort()[0]).toBe(capture?.name);
  });

  it('adds the last word for tables whose own triggers change rows', () => {
    const plan = planTable(table({ hasForeignBeforeTriggers: true }), NOTHING);

    expect(triggersOf(plan)).toContain('CREATE TRIGGER "~dtx_restore"');
  });
});

describe('The shape of a table', () => {
  it('is a positive 63-bit number', () => {
    expect(BigInt(shapeOf(table()))).toBeGreaterThan(0n);
    expect(BigInt(shapeOf(table()))).toBeLessThan(1n << 63n);
  });

  it('does not depend on rights and triggers', () => {
    const other = table({ missingPrivileges: ['DELETE'], hidesRows: true, kind: 'p' });

    expect(shapeOf(other)).toBe(shapeOf(table()));
  });

  it.each<[string, Partial<TableDefinition>]>([
    ['the name', { name: 'public.other' }],
    ['the order of columns', { columns: [...table().columns].reverse() }],
    ['the key', { key: ['owner'] }],
    [
      'a column that becomes generated',
      { columns: [column('id', 'int4'), column('owner', 'text', { generated: 's' })] },
    ],
  ])('depends on %s', (_what, change) => {
    expect(shapeOf(table(change))).not.toBe(shapeOf(table()));
  });
});
