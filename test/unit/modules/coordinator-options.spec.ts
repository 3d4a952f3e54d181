import { validateCoordinatorOptions } from '../../../lib/modules/coordinator/host-options.js';
import { validateDtxOptions } from '../../../lib/modules/dtx-options.js';
import { InvalidOptionError } from '../../../lib/protocol/index.js';

const application = { applicationId: 'order-service' };
const url = 'dtx://127.0.0.1:7091';
const PEM = '-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n';

describe('The coordinator of DtxModule', () => {
  it('is one elsewhere when a url is named', () => {
    const { coordinator } = validateDtxOptions({ ...application, coordinator: { url } });

    expect(coordinator).toEqual({ urls: [url] });
  });

  it('may be several nodes, with a key and TLS', () => {
    const coordinator = {
      url: ['dtxs://a.example:7091', 'dtxs://b.example'],
      key: 'secret',
      tls: { ca: PEM },
      callTimeoutMs: 5_000,
      connectTimeoutMs: 1,
    };

    expect(validateDtxOptions({ ...application, coordinator }).coordinator).toEqual({
      urls: ['dtxs://a.example:7091', 'dtxs://b.example'],
      key: 'secret',
      tls: { ca: PEM },
      callTimeoutMs: 5_000,
      connectTimeoutMs: 1,
    });
  });

  it.each([
    ['a url without its scheme', { url: '127.0.0.1:7091' }, 'coordinator.url'],
    ['a url of something else', { url: 'https://example.com' }, 'coordinator.url'],
    ['a url with a user in it', { url: 'dtx://me:secret@host' }, 'coordinator.url'],
    ['no url in a list', { url: [] }, 'coordinator.url'],
    ['a store beside a url', { url, store: 'a.db' }, 'coordinator.store'],
    ['a key without a url', { key: 'secret' }, 'coordinator.key'],
    ['a key that is empty', { url, key: '' }, 'coordinator.key'],
    ['a file name for PEM', { url, tls: { ca: 'ca.pem' } }, 'coordinator.tls.ca'],
    ['no time at all', { url, callTimeoutMs: 0 }, 'coordinator.callTimeoutMs'],
  ])('cannot be %s', (_what, coordinator, option) => {
    const validate = () => validateDtxOptions({ ...application, coordinator });

    expect(validate).toThrow(InvalidOptionError);
    expect(validate).toThrow(option);
    expect(validate).not.toThrow('secret');
  });
});

describe('The options of CoordinatorModule', () => {
  it('have their documented defaults', () => {
    expect(validateCoordinatorOptions()).toEqual({
      store: '.dtx/coordinator.db',
      listen: '127.0.0.1:7091',
      caps: {},
      namespaces: {},
    });
  });

  it.each([
    ['a key that is empty', { keys: [''] }, 'keys[0]'],
    ['keys that are no list', { keys: 'secret' }, 'keys'],
    ['a key for no namespace', { keys: [{ key: 'secret', namespaces: [] }] }, 'keys[0].namespaces'],
    ['a certificate without its key', { tls: { cert: PEM } }, 'tls.key'],
    ['a cap of nothing', { caps: { branchesMax: 0 } }, 'caps.branchesMax'],
    ['an unknown cap', { namespaces: { shop: { open: 1 } } }, 'namespaces.shop.open'],
    ['a heartbeat of a moment', { heartbeatMs: 1 }, 'heartbeatMs'],
    ['a flag that is a text', { insecure: 'yes' }, 'insecure'],
    ['an option that is none', { port: 7091 }, 'port'],
  ])('cannot be %s', (_what, options, option) => {
    const validate = () => validateCoordinatorOptions(options);

    expect(validate).toThrow(InvalidOptionError);
    expect(validate).toThrow(option);
    expect(validate).not.toThrow('secret');
  });
});
