import { explain, isCaptureNotice } from '../../../lib/resource/at/postgres/explain.js';

const ORIGIN = (table: string): string =>
  `SQL statement "INSERT INTO dtx.undo_row AS held\n (tbl, pk) VALUES (${table}, new_key)"\n` +
  'PL/pgSQL function dtx.capture_x() line 20 at SQL statement';

describe('What an error of the database means', () => {
  it('is a lock conflict with table, key and holder', () => {
    const detail = JSON.stringify({ table: 'public."A"', key: '(1,"a""b")', holder: 'x1' });

    expect(explain({ code: 'SE001', detail })).toEqual({
      kind: 'lock-conflict',
      conflict: { table: 'public."A"', key: '(1,"a""b")', holderXid: 'x1' },
    });
  });

  it.each([
    ["'public.account'", 'public.account'],
    [`'public."it''s"'`, `public."it's"`],
    [`E'public."a\\\\b"'`, 'public."a\\b"'],
  ])('is a lock conflict on %s that the snapshot could not see', (literal, table) => {
    expect(explain({ code: '40001', where: ORIGIN(literal) })).toEqual({
      kind: 'lock-conflict',
      conflict: { table, key: 'unknown', holderXid: 'unknown' },
    });
  });

  it.each([
    [
      'a probe',
      `SQL statement "SELECT dtx.assert_free('public.a (b)', old_value)"`,
      'public.a (b)',
    ],
    ['a parent', `SQL statement "SELECT dtx.assert_settled('public.a', x)"`, 'public.a'],
    ['a child', 'SQL statement "SELECT FROM ONLY public.c AS dtx_child WHERE"', 'public.c'],
    ['a child of a partitioned table', '"SELECT FROM public."C" AS dtx_child', 'public."C"'],
  ])('is a lock conflict that %s could not see', (_what, where, table) => {
    expect(explain({ code: '40001', where })).toMatchObject({
      kind: 'lock-conflict',
      conflict: { table, holderXid: 'unknown' },
    });
  });

  it('is a refusal when a table of a foreign key is gone', () => {
    const where = 'PL/pgSQL function dtx.capture_x() line 20 at PERFORM';

    expect(explain({ code: '42P01', where })).toMatchObject({ kind: 'refused' });
  });

  it.each([
    ['in PL/pgSQL', 'PL/pgSQL function norm(text) line 1 at RETURN', 'norm(text)'],
    ['in SQL', 'SQL function "norm" statement 1', '"norm"'],
    [
      'called by another one',
      'PL/pgSQL function norm(text) line 1 at RETURN\nPL/pgSQL function deep(text) line 2 at IF',
      'norm(text)',
    ],
  ])('is a refusal when a function of an index finds nothing, %s', (_where, frames, name) => {
    const where = `${frames}\nPL/pgSQL function dtx.capture_x() line 20 at assignment`;
    const error = { code: '42883', message: 'function helper(text) does not exist', where };

    expect(explain(error)).toEqual({
      kind: 'refused',
      reason: expect.stringMatching(/function helper\(text\) does not exist.*ALTER FUNCTION /),
    });
    expect(explain(error)).toMatchObject({
      reason: expect.stringContaining(`ALTER FUNCTION ${name} SET search_path`),
    });
  });

  it('is a refusal when a function of an index has been renamed', () => {
    const where =
      'PL/pgSQL function dtx.capture_x() line 20 at assignment\n' +
      'SQL statement "UPDATE a"\nPL/pgSQL function transfer() line 3 at SQL statement';

    expect(explain({ code: '42883', where })).toEqual({
      kind: 'refused',
      reason: expect.stringContaining('Start the application again'),
    });
  });

  it('is a fence only on our own table', () => {
    const error = { code: '23505', constraint: 'branch_fence_pkey' };

    expect(explain({ ...error, schema: 'dtx' })).toEqual({ kind: 'fenced' });
    expect(explain({ ...error, schema: 'public' })).toBeUndefined();
  });

  it('is a refusal with the reason that the database gives', () => {
    expect(explain({ code: 'SE003', message: 'because' })).toEqual({
      kind: 'refused',
      reason: 'because',
    });
  });

  it.each([
    ['nothing', undefined],
    ['a text', 'SE001'],
    ['a lost connection', Object.assign(new Error('gone'), { code: 'ECONNRESET' })],
    ['another serialization failure', { code: '40001', where: 'SQL statement "UPDATE x"' }],
    ['an unknown column of the caller', { code: '42703', where: undefined }],
    [
      'an unknown function of a trigger of the application',
      { code: '42883', where: 'PL/pgSQL function stamp() line 3 at assignment' },
    ],
  ])('is not ours: %s', (_what, error) => {
    expect(explain(error)).toBeUndefined();
  });
});

describe('A notice', () => {
  it('is ours by its code alone', () => {
    expect(isCaptureNotice({ code: 'SE000', severity: 'INFO', message: 'any' })).toBe(true);
    expect(isCaptureNotice({ code: '00000', message: 'has written' })).toBe(false);
    expect(isCaptureNotice(undefined)).toBe(false);
  });
});
