import { targetPolicy } from '../../../lib/propagation/target-rules.js';
import type { TargetRules } from '../../../lib/propagation/target-rules.js';

const isAllowed = (host: string, rules: TargetRules = {}, port = 80): boolean =>
  targetPolicy(rules)(host, port);

describe('without rules, the xid goes to', () => {
  it.each([
    'localhost',
    'LOCALHOST',
    'localhost.',
    '127.0.0.1',
    '127.255.0.9',
    '10.0.0.1',
    '10.255.255.255',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.0.1',
    '::1',
    '[::1]',
    '0:0:0:0:0:0:0:1',
    'fc00::1',
    'fdff:ffff::1',
    '[FD12:3456::1]',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '[::ffff:10.1.2.3]',
    '0:0:0:0:0:ffff:c0a8:0001',
    'stock',
    'Stock',
    'stock-service',
    'stock_service',
    'printer.local',
    'stock.internal',
    'a.b.c.internal',
    'stock.shop.svc',
    'stock.shop.svc.cluster.local',
    'stock.shop.svc.cluster.local.',
  ])('%s', (host) => {
    expect(isAllowed(host)).toBe(true);
  });
});

describe('without rules, the xid does not go to', () => {
  it.each([
    ['a public name', 'api.example.com'],
    ['a public address', '8.8.8.8'],
    ['a public IPv6 address', '2001:4860:4860::8888'],
    ['the network before 10/8', '9.255.255.255'],
    ['the network after 10/8', '11.0.0.0'],
    ['the network before 172.16/12', '172.15.255.255'],
    ['the network after 172.16/12', '172.32.0.0'],
    ['the network before 192.168/16', '192.167.255.255'],
    ['the network after 192.168/16', '192.169.0.0'],
    ['carrier-grade NAT', '100.64.0.1'],
    ['link-local, where clouds keep credentials', '169.254.169.254'],
    ['link-local as mapped IPv6', '::ffff:169.254.169.254'],
    ['link-local IPv6', 'fe80::1'],
    ['link-local IPv6 with a zone', 'fe80::1%eth0'],
    ['loopback with a zone', '::1%lo'],
    ['the unspecified address', '0.0.0.0'],
    ['the unspecified IPv6 address', '::'],
    ['a mapped public address', '::ffff:8.8.8.8'],
    ['the deprecated compatible form', '::127.0.0.1'],
    ['NAT64', '64:ff9b::7f00:1'],
    ['after fc00::/7', 'fe00::1'],
    ['a suffix that is only similar', 'stock.notinternal'],
    ['a suffix in the middle', 'stock.internal.example.com'],
    ['.local in the middle', 'a.local.example'],
    ['an absolute single label, which is a top-level domain', 'ai.'],
    ['nothing', ''],
    ['a dot', '.'],
    ['two dots at the end', 'stock..'],
    ['an empty label', 'a..internal'],
    ['a leading dot', '.internal'],
    ['a decimal address', '2130706433'],
    ['a hexadecimal address', '0x7f000001'],
    ['a hexadecimal part', '0x7f.0.0.1'],
    ['a hexadecimal last part', '127.0.0.0x1'],
    ['an octal address', '0177.0.0.1'],
    ['a short address', '127.1'],
    ['three parts', '10.0.1'],
    ['five parts', '10.0.0.0.1'],
    ['a part that is too big', '10.0.0.256'],
    ['an address with a dot at the end', '127.0.0.1.'],
    ['an IPv4 address in brackets', '[127.0.0.1]'],
    ['a name in brackets', '[localhost]'],
    ['an open bracket', '[::1'],
    ['brackets twice', '[[::1]]'],
    ['user information', 'localhost@evil.example'],
    ['user information before a private name', 'evil.example@localhost'],
    ['a port in the host', 'localhost:80'],
    ['a path in the host', 'evil.example/.internal'],
    ['a query in the host', 'evil.example?.internal'],
    ['a fragment in the host', 'evil.example#.internal'],
    ['a backslash', 'evil.example\\.internal'],
    ['a percent sign', 'evil.example%2f.internal'],
    ['white space', 'stock .internal'],
    ['a line feed', 'stock.internal\n'],
    ['a zero byte', 'localhost\0.example'],
    ['full-width letters', 'ｌｏｃａｌｈｏｓｔ'],
    ['an ideographic full stop', 'stock。internal'],
    ['a label that begins with a hyphen', '-stock.internal'],
    ['a label that ends with a hyphen', 'stock-.internal'],
    ['a label that is too long', `${'a'.repeat(64)}.internal`],
    ['a name that is too long', `${'a.'.repeat(130)}internal`],
  ])('%s', (_what, host) => {
    expect(isAllowed(host)).toBe(false);
  });
});

describe('an allow entry', () => {
  it.each([
    ['a host', 'api.example.com', 'api.example.com', 80, true],
    ['a host, in other case', 'API.Example.com', 'api.EXAMPLE.com', 80, true],
    ['a host, absolute', 'api.example.com', 'api.example.com.', 80, true],
    ['a host does not cover its subdomains', 'example.com', 'api.example.com', 80, false],
    ['a host does not cover what ends like it', 'example.com', 'badexample.com', 80, false],
    ['a wildcard covers subdomains', '*.example.com', 'api.example.com', 80, true],
    ['a wildcard covers deeper ones', '*.example.com', 'a.b.example.com', 80, true],
    ['a wildcard does not cover the domain', '*.example.com', 'example.com', 80, false],
    ['a wildcard stops at the dot', '*.example.com', 'evilexample.com', 80, false],
    ['a wildcard covers no address', '*.example.com', '8.8.8.8', 80, false],
    ['an address', '8.8.8.8', '8.8.8.8', 80, true],
    ['an address in mapped form', '8.8.8.8', '::ffff:8.8.8.8', 80, true],
    ['a mapped entry', '::ffff:8.8.8.8', '8.8.8.8', 80, true],
    ['another address', '8.8.8.8', '8.8.8.9', 80, false],
    ['a CIDR', '100.64.0.0/10', '100.127.255.255', 80, true],
    ['a CIDR with host bits', '100.64.1.2/10', '100.64.0.1', 80, true],
    ['outside a CIDR', '100.64.0.0/10', '100.128.0.0', 80, false],
    ['an IPv6 address in another form', '2001:db8::1', '2001:0DB8:0::0001', 80, true],
    ['an IPv6 CIDR', '2001:db8::/32', '2001:db8:ffff::1', 80, true],
    ['an IPv6 CIDR covers no IPv4 address', '::/0', '8.8.8.8', 80, false],
    ['an IPv4 CIDR covers no IPv6 address', '0.0.0.0/0', '2001:db8::1', 80, false],
    ['a port', 'api.example.com:8443', 'api.example.com', 8443, true],
    ['another port', 'api.example.com:8443', 'api.example.com', 443, false],
    ['a wildcard with a port', '*.example.com:8443', 'api.example.com', 8443, true],
    ['a CIDR with a port', '100.64.0.0/10:8080', '100.64.0.1', 8080, true],
    ['a CIDR with another port', '100.64.0.0/10:8080', '100.64.0.1', 80, false],
    ['an IPv6 address with a port', '[2001:db8::1]:8080', '[2001:db8::1]', 8080, true],
    ['an IPv6 CIDR with a port', '2001:db8::/32:8080', '2001:db8::1', 8080, true],
    ['a form that cannot be read stays out', '127.0.0.0/8', '127.1', 80, false],
  ])('%s: %s for %s:%d is %s', (_what, entry, host, port, expected) => {
    expect(isAllowed(host, { allow: [entry] }, port)).toBe(expected);
  });
});

describe('a deny entry', () => {
  it.each([
    ['wins over a default name', 'stock', 'stock'],
    ['wins over a default suffix', '*.internal', 'stock.internal'],
    ['wins over a default network', '10.0.0.0/8', '10.1.2.3'],
    ['is not evaded by an absolute name', 'mail.internal', 'mail.internal.'],
    ['is not evaded by upper case', 'mail.internal', 'MAIL.Internal'],
    ['is not evaded by the mapped form', '10.0.0.1', '::ffff:10.0.0.1'],
    ['is not evaded by brackets', '::1', '[::1]'],
    ['in mapped form covers the plain one', '::ffff:10.0.0.1', '10.0.0.1'],
    ['with a port covers that port', 'stock:80', 'stock'],
  ])('%s', (_what, entry, host) => {
    expect(isAllowed(host, { deny: [entry] })).toBe(false);
  });

  it('wins over the same allow entry', () => {
    const rules = { allow: ['api.example.com'], deny: ['api.example.com'] };
    expect(isAllowed('api.example.com', rules)).toBe(false);
  });

  it('wins over a narrower allow entry', () => {
    const rules = { allow: ['api.example.com:443'], deny: ['*.example.com'] };
    expect(isAllowed('api.example.com', rules, 443)).toBe(false);
  });

  it('with a port leaves the other ports alone', () => {
    expect(isAllowed('stock', { deny: ['stock:80'] }, 8080)).toBe(true);
  });
});

describe('a policy', () => {
  it('tells of a refused target once', () => {
    const refused: string[] = [];
    const allows = targetPolicy({}, (host, port) => refused.push(`${host}:${String(port)}`));
    for (let call = 0; call < 3; call += 1) allows('api.example.com', 443);
    allows('stock', 80);
    expect(refused).toEqual(['api.example.com:443']);
  });

  it('answers the same after more targets than it remembers', () => {
    const allows = targetPolicy({ allow: ['*.example.com'] });
    for (let index = 0; index < 3_000; index += 1) allows(`h${String(index)}.example.com`, 80);
    expect([allows('h0.example.com', 80), allows('h0.example.org', 80)]).toEqual([true, false]);
  });

  it('tells the ports of one host apart', () => {
    const allows = targetPolicy({ allow: ['api.example.com:8443'] });
    expect([allows('api.example.com', 443), allows('api.example.com', 8443)]).toEqual([
      false,
      true,
    ]);
  });
});
