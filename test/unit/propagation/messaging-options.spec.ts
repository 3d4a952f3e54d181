import { toModes, validateMessaging } from '../../../lib/propagation/index.js';

const PATH = 'DtxModule option messaging';

describe('the options of messages', () => {
  it.each([
    ['nothing', {}],
    ['modes', { send: 'link', emit: 'join' }],
    ['no incoming xids', { incoming: false }],
    ['clients by one mode, and by two', { clients: { A: 'none', B: { emit: 'join' }, C: {} } }],
    ['what was left undefined', { send: undefined, clients: undefined }],
  ])('may be %s', (_what, options) => {
    expect(() => {
      validateMessaging(options, PATH);
    }).not.toThrow();
  });

  it.each([
    ['a text', 'join', /option messaging is "join"\. Use an object/],
    ['null', null, /messaging is null/],
    ['a list', [], /messaging is \[\]/],
    ['an unknown name', { sent: 'join' }, /messaging\.sent is "join"\. There is no such option/],
    ['an unknown mode', { send: 'on' }, /messaging\.send is "on"\. Use 'join', 'link' or 'none'/],
    ['a mode that is a flag', { emit: true }, /messaging\.emit is true/],
    ['a text for a flag', { incoming: 'no' }, /messaging\.incoming is "no"\. Use true or false/],
    ['a list of clients', { clients: ['A'] }, /messaging\.clients is \["A"\]/],
    ['a mode of a client', { clients: { A: 'all' } }, /messaging\.clients\.A is "all"/],
    ['a way of a client', { clients: { A: { emits: 'x' } } }, /clients\.A\.emits is "x"/],
    ['no modes of a client', { clients: { A: null } }, /clients\.A is null/],
  ])('may not be %s', (_what, options, message) => {
    expect(() => {
      validateMessaging(options, PATH);
    }).toThrow(message);
  });

  it('take one mode for both ways', () => {
    expect(toModes('none')).toEqual({ send: 'none', emit: 'none' });
    expect(toModes({ emit: 'join' })).toEqual({ emit: 'join' });
  });
});
