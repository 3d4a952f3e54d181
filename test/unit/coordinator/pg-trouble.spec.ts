import { kindOfPgError } from '../../../lib/coordinator/store/postgres/pg-trouble.js';

/** As a server says it whose messages are German. */
const serverError = (code: string, severity = 'FEHLER') =>
  Object.assign(new Error('of the server'), { code, severity });

describe('An error of pg', () => {
  it.each([
    ['22P05', 'a character that cannot be stored'],
    ['23505', 'a constraint'],
    ['40P01', 'a deadlock'],
    ['40001', 'a serialization failure'],
    ['54000', 'too large a value'],
    ['55P03', 'a lock that was not to be had'],
  ])('%s (%s) refuses this statement', (code) => {
    expect(kindOfPgError(serverError(code))).toBe('refused');
  });

  it.each([
    ['25006', 'a server that only reads'],
    ['53100', 'a full disk'],
    ['42P01', 'a missing table'],
    ['42501', 'a missing right'],
    ['57014', 'a statement that took too long'],
  ])('%s (%s) refuses every statement', (code) => {
    expect(kindOfPgError(serverError(code))).toBe('unavailable');
  });

  it.each([
    ['a lost connection', Object.assign(new Error('read'), { code: 'ECONNRESET' })],
    ['an error that says nothing', new Error('Query read timeout')],
    ['an administrator who ends the session', serverError('57P01')],
    ['a server that restarts after a crash', serverError('57P02')],
    ['an error of its disk', serverError('58030')],
    ['an internal error', serverError('XX000')],
    ['a connection exception', serverError('08006')],
    ['a server that does not know itself', serverError('40003')],
    ['nothing at all', undefined],
  ])('leaves open what happened after %s', (_what, error) => {
    expect(kindOfPgError(error)).toBe('unknown');
  });
});
