import { validateDtxOptions } from '../../../lib/modules/dtx-options.js';
import { InvalidOptionError } from '../../../lib/protocol/index.js';

const valid = { applicationId: 'order-service' };

describe('the options of DtxModule', () => {
  it('have their documented defaults', () => {
    expect(validateDtxOptions(valid)).toEqual({
      applicationId: 'order-service',
      coordinator: { store: '.dtx/coordinator.db' },
      namespace: 'default',
      timeoutMs: 60_000,
      rollbackWaitMs: 10_000,
      commitWaitMs: 10_000,
      http: {},
      messaging: {},
    });
  });

  it('are kept as they are given', () => {
    const options = {
      applicationId: 'order-service',
      coordinator: { store: ':memory:', retentionMs: 0 },
      namespace: 'shop',
      timeoutMs: 1,
      rollbackWaitMs: 0,
      commitWaitMs: 0,
      http: { allow: ['*.shop.example'] },
      messaging: { emit: 'none' },
      hooks: { afterCommit: () => undefined },
      failureHandler: { onCommitFailure: () => undefined },
    };

    expect(validateDtxOptions(options)).toEqual(options);
  });

  it('count as left out where they are undefined', () => {
    const settings = validateDtxOptions({
      ...valid,
      namespace: undefined,
      coordinator: { store: undefined },
    });

    expect(settings.namespace).toBe('default');
    expect(settings.coordinator).toEqual({ store: '.dtx/coordinator.db' });
  });

  it('cannot be changed after they were checked', () => {
    const settings = validateDtxOptions(valid);

    expect(Object.isFrozen(settings)).toBe(true);
    expect(Object.isFrozen(settings.coordinator)).toBe(true);
  });

  it('may come from a class that handles failures and does other things', () => {
    class Alarms {
      ring(): void {}
      onCommitFailure(): void {
        this.ring();
      }
    }

    expect(() => validateDtxOptions({ ...valid, failureHandler: new Alarms() })).not.toThrow();
  });

  it.each([
    ['no options', undefined, /The options object of DtxModule is undefined/],
    ['no applicationId', {}, /DtxModule option applicationId is undefined\. Use 1 to 128 of/],
    ['an empty applicationId', { applicationId: '' }, /applicationId is ""/],
    ['an applicationId with a space', { applicationId: 'order service' }, /"order service"/],
    ['a namespace that is too long', { ...valid, namespace: 'x'.repeat(129) }, /namespace is "x/],
    [
      'a timeout that is a text',
      { ...valid, timeoutMs: '60s' },
      /timeoutMs is "60s"\. Use a whole/,
    ],
    [
      'a fractional wait',
      { ...valid, rollbackWaitMs: 0.5 },
      /rollbackWaitMs is 0\.5\. Use a whole/,
    ],
    ['an infinite wait', { ...valid, rollbackWaitMs: Infinity }, /from 0 to 86400000/],
    ['a coordinator that is a text', { ...valid, coordinator: 'x.db' }, /coordinator is "x\.db"/],
    ['an empty store', { ...valid, coordinator: { store: ' ' } }, /coordinator\.store is " "/],
    [
      'a store that is the URL of something else',
      { ...valid, coordinator: { store: 'redis://me:s3cr3t@h' } },
      /coordinator\.store is "redis:\/\/…"\. The URL of a database begins with postgres:/,
    ],
    [
      'a negative retention',
      { ...valid, coordinator: { retentionMs: -1 } },
      /coordinator\.retentionMs is -1\. Use a whole number of milliseconds from 0 to 31536000000/,
    ],
    ['http that is a flag', { ...valid, http: true }, /option http is true/],
    ['a host that is none', { ...valid, http: { allow: ['http://a'] } }, /http\.allow\[0\]/],
    [
      'a hook that is no function',
      { ...valid, hooks: { afterCommit: 1 } },
      /hooks\.afterCommit is 1/,
    ],
    ['an empty failure handler', { ...valid, failureHandler: {} }, /an object with onBeginFailure/],
  ])('refuse %s', (_what, options, message) => {
    const attempt = () => validateDtxOptions(options);

    expect(attempt).toThrow(InvalidOptionError);
    expect(attempt).toThrow(message);
  });

  it.each([
    ['aplicationId', { ...valid, aplicationId: 'x' }, 'Did you mean applicationId?'],
    ['timeoutMS', { ...valid, timeoutMS: 5 }, 'Did you mean timeoutMs?'],
    ['coordinator.stroe', { ...valid, coordinator: { stroe: 'x' } }, 'Did you mean store?'],
    ['hooks.aftercommit', { ...valid, hooks: { aftercommit() {} } }, 'Did you mean afterCommit?'],
    ['isGlobal', { ...valid, isGlobal: true }, 'There are: applicationId, coordinator, '],
  ])('refuse the unknown name %s, with help', (name, options, help) => {
    const attempt = () => validateDtxOptions(options);

    expect(attempt).toThrow(`DtxModule option ${name} is`);
    expect(attempt).toThrow(help);
  });

  it.each([
    ['a store that is an object', { store: { url: 'postgres://me:s3cr3t@h/db' } }],
    ['a store of something else', { store: 'redis://me:s3cr3t@h' }],
    ['a misspelt store', { stroe: 'postgres://me:s3cr3t@h/db' }],
    ['a misspelt store that is an object', { stroe: { url: 'postgres://me:s3cr3t@h/db' } }],
  ])('never show a password (%s)', (_what, coordinator) => {
    let message = '';
    try {
      validateDtxOptions({ ...valid, coordinator });
    } catch (error) {
      message = String(error);
    }

    expect(message).toMatch(/coordinator\.(store|stroe) is /);
    expect(message).not.toContain('s3cr3t');
  });
});
