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
