import { TccAction } from '../../../lib/decorators/index.js';
import { assertParamName, defineTcc } from '../../../lib/transaction/index.js';

const GIVEN = { name: 'account.freeze', confirm: 'take', cancel: 'free', params: [] };

const define = (changes: Readonly<Record<string, unknown>>): unknown =>
  defineTcc({ ...GIVEN, ...changes }, 'AccountService.freeze', (name) => name !== '');

describe('A TCC action', () => {
  it.each([['a'], ['a'.repeat(128)], ['Bank/account.freeze_v2-1']])('may be called %s', (name) => {
    expect(define({ name })).toMatchObject({ name });
  });

  it.each([
    ['nothing', ''],
    ['more than 128 characters', 'a'.repeat(129)],
    ['a quote', `freeze'); DROP TABLE account; --`],
    ['a double quote', 'freeze"'],
    ['a backslash', 'freeze\\'],
    ['a line feed at its end', 'freeze\n'],
    ['a NUL', 'freeze\0'],
    ['a blank', 'freeze account'],
    ['letters of another alphabet', 'frееze'],
    ['a placeholder of our own texts', '{values}'],
    ['what is no text', 7],
    ['a list of one', ['freeze']],
    ['nothing at all', undefined],
  ])('may not be called by %s', (_, name) => {
    expect(() => define({ name })).toThrow(/^\[DTX_ERR_CONFIG_OPTION\] name of @TccAction/);
  });

  it.each(['constructor', 'toString', 'hasOwnProperty', '__proto__', 'valueOf'])(
    'is not confirmed by what every object has: %s',
    (confirm) => {
      class AccountService {
        freeze = (): Promise<void> => Promise.resolve();
        free = (): void => undefined;
      }
      const decorate = TccAction({ name: 'account.freeze', confirm, cancel: confirm });
      const descriptor = { value: () => Promise.resolve() };

      const load = (): void => {
        decorate(AccountService.prototype as never, 'freeze', descriptor);
      };

      expect(load).toThrow(/^\[DTX_ERR_CONFIG_OPTION\] confirm of @TccAction/);
    },
  );

  it.each(['__proto__', 'constructor', 'prototype', '', 'a.b', "a'", '1a', 'a\n', 'é', undefined])(
    'keeps no parameter under the name %j',
    (name) => {
      const check = (): void => {
        assertParamName(name, 'AccountService.freeze');
      };

      expect(check).toThrow(/^\[DTX_ERR_CONFIG_OPTION\] name of @TxParam/);
    },
  );
});
