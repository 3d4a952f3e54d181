import { validateHttpPropagation } from '../../../lib/propagation/index.js';

const PATH = 'DtxModule.forRoot({ http })';
const validate = (options: unknown) => () => {
  validateHttpPropagation(options, PATH);
};

it.each([
  ['nothing', undefined],
  ['no option', {}],
  ['flags', { outgoing: false, incoming: true }],
  ['empty lists', { allow: [], deny: [], trustedPeers: [] }],
  ['an option left undefined', { allow: undefined, outgoing: undefined }],
  [
    'every form of a target',
    {
      allow: [
        'stock',
        'api.example.com',
        'api.example.com.',
        '*.example.com',
        '*.example.com:8443',
        'stock:8080',
        '10.0.0.1',
        '10.0.0.1:80',
        '10.0.0.0/8',
        '10.0.0.0/8:80',
        '::1',
        '[::1]',
        '[::1]:80',
        'fc00::/7',
        '[fc00::]/7',
        'fc00::/7:80',
      ],
    },
  ],
  ['peers', { trustedPeers: ['127.0.0.1', '10.0.0.0/8', '::1', 'fc00::/7'] }],
])('accepts %s', (_what, options) => {
  expect(validate(options)).not.toThrow();
});

it.each([
  ['a list instead of an object', [], PATH, 'Use an object'],
  ['null', null, PATH, 'Use an object'],
  ['an unknown option', { allowed: ['x'] }, `${PATH}.allowed`, 'There is no such option'],
  ['a flag that is a text', { outgoing: 'no' }, `${PATH}.outgoing is "no"`, 'Use true or false'],
  ['a single text as a list', { allow: 'stock' }, `${PATH}.allow is "stock"`, 'Use an array'],
])('refuses %s, and says what to write', (_what, options, place, fix) => {
  expect(validate(options)).toThrow(place);
  expect(validate(options)).toThrow(fix);
});

it.each([
  ['a number', 7],
  ['an empty text', ''],
  ['everything', '*'],
  ['a star inside', 'api.*.example.com'],
  ['a star without a dot', '*example.com'],
  ['a wildcard over an address', '*.0.0.1'],
  ['an IPv6 address with a port and no brackets', '2001:db8:0:0:0:0:0:1:80'],
  ['a scheme', 'http://stock'],
  ['a path', 'stock/items'],
  ['user information', 'user@stock'],
  ['port 0', 'stock:0'],
  ['a port that is too big', 'stock:65536'],
  ['a port that is no number', 'stock:http'],
  ['an empty port', 'stock:'],
  ['a prefix that is too long', '10.0.0.0/33'],
  ['an IPv6 prefix that is too long', 'fc00::/129'],
  ['a prefix that is no number', '10.0.0.0/x'],
  ['a mapped CIDR, which is to be written as IPv4', '::ffff:10.0.0.0/104'],
  ['a decimal address', '2130706433'],
  ['an octal address', '0177.0.0.1'],
  ['a non-ASCII name', 'bücher.example'],
])('refuses a target that is %s', (_what, entry) => {
  expect(validate({ allow: ['stock', entry] })).toThrow(`${PATH}.allow[1] is`);
  expect(validate({ deny: [entry] })).toThrow(`${PATH}.deny[0] is`);
});

it.each([
  ['a name', 'gateway'],
  ['a port', '10.0.0.1:80'],
  ['a wildcard', '*.internal'],
])('refuses a peer that is %s', (_what, entry) => {
  expect(validate({ trustedPeers: [entry] })).toThrow(
    `${PATH}.trustedPeers[0] is "${entry}". Write an IP address or a CIDR`,
  );
});
