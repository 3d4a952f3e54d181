import { pinnedSettings } from '../../../lib/resource/at/postgres/capture/pinned-settings.js';
import { column } from './table-under-test.js';

describe('Settings that a capture function pins', () => {
  it('are none for types whose text depends on nothing', () => {
    const types = ['int4', 'int8', 'text', 'varchar', 'numeric', 'bool', 'uuid', 'jsonb'];

    expect(pinnedSettings(types.map((type) => column('c', type)))).toEqual([]);
  });

  it.each([
    ['timestamptz', ["datestyle = 'ISO, MDY'", "timezone = 'UTC'"]],
    ['tstzrange', ["datestyle = 'ISO, MDY'", "timezone = 'UTC'"]],
    ['interval', ["intervalstyle = 'postgres'"]],
    ['float8', ['extra_float_digits = 1']],
    ['polygon', ['extra_float_digits = 1']],
    ['bytea', ["bytea_output = 'hex'"]],
    ['money', ["lc_monetary = 'C'"]],
    ['regclass', ['quote_all_identifiers = off']],
  ])('follow from %s', (type, settings) => {
    expect(pinnedSettings([column('id', 'int4'), column('c', type)])).toEqual(settings);
  });

  it('are the same for an array as for its elements', () => {
    const array = column('c', '_bytea', { scalarType: 'pg_catalog.bytea', isArray: true });

    expect(pinnedSettings([array])).toEqual(["bytea_output = 'hex'"]);
  });

  it('are none for an enum, whatever its name', () => {
    const mood = column('c', 'x', { scalarType: 'public.date', scalarKind: 'e' });

    expect(pinnedSettings([mood])).toEqual([]);
  });

  it.each([
    ['a composite', { scalarType: 'public.pair', scalarKind: 'c' }],
    ['a type of an extension', { scalarType: 'public.geometry', scalarKind: 'b' }],
    ['a range of its own', { scalarType: 'public.floatrange', scalarKind: 'r' }],
    ['a type that is called like a harmless one', { scalarType: 'public.int4', scalarKind: 'b' }],
  ])('are all of them for %s', (_what, type) => {
    expect(pinnedSettings([column('c', 'x', type)])).toHaveLength(8);
  });
});
