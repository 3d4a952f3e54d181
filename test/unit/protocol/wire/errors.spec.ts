import {
  DtxError,
  GlobalNotActiveError,
  ResourceExhaustedError,
} from '../../../../lib/protocol/index.js';
import { fromWireRefusal, toWireRefusal } from '../../../../lib/protocol/wire/index.js';

describe('An error on its way to the other side', () => {
  it('keeps its class, its text and its ids', () => {
    const error = new GlobalNotActiveError('the-xid', 'rolling-back');

    const arrived = fromWireRefusal(toWireRefusal(error));

    expect(arrived).toBeInstanceOf(GlobalNotActiveError);
    expect(arrived).toMatchObject({
      code: error.code,
      name: 'GlobalNotActiveError',
      message: error.message,
      xid: 'the-xid',
      status: 'rolling-back',
      retryable: false,
    });
  });

  it('keeps that the work may be tried again', () => {
    const error = new ResourceExhaustedError('The number of clients', 7, 'Wait.');

    const arrived = fromWireRefusal(toWireRefusal(error));

    expect(arrived).toMatchObject({ retryable: true, limit: 'The number of clients', max: 7 });
  });

  it('leaves its cause and its stack at home', () => {
    const cause = new Error('postgres://user:secret@host');
    const refusal = toWireRefusal(
      Object.assign(new GlobalNotActiveError('a', 'absent'), { cause }),
    );

    expect(JSON.stringify(refusal)).not.toContain('secret');
    expect(JSON.stringify(refusal)).not.toContain('errors.spec');
  });

  it('that is none of ours brings its text', () => {
    const arrived = fromWireRefusal(toWireRefusal(new TypeError('x is not a function')));

    expect(arrived).toBeInstanceOf(DtxError);
    expect(arrived).toMatchObject({ code: 'DTX_ERR', message: 'x is not a function' });
  });

  it.each([
    ['nothing', ''],
    ['null', 'null'],
    ['a list', '[1]'],
    ['a text', '"text"'],
    ['half an object', '{'],
    ['an object in an object', '{"a":{"b":1}}'],
    ['more than any error names', `{"a":"${'x'.repeat(20_000)}"}`],
  ])('brings no fields when it is sent with %s', (_what, fields) => {
    const arrived = fromWireRefusal({ code: 'DTX_ERR_BAD_XID', message: 'm', fields });

    expect(Object.keys(arrived).sort()).toEqual(['code', 'name', 'retryable']);
  });
});
