import {
  installMessaging,
  registerMessageHost,
} from '../../../../lib/propagation/messaging/install-messaging.js';
import { participantManager, recordedLog } from '../../../integration/propagation/fixtures.js';

/** A package that is shaped like `@nestjs/microservices`, with classes of its own. */
function shapedLikeNest(register: (this: object) => unknown = () => 'registered') {
  class NestMicroservice {
    constructor(
      readonly container: object,
      readonly serverInstance: unknown,
    ) {}
    registerListeners(): unknown {
      return register.call(this);
    }
  }
  class ClientProxy {
    send(): unknown {
      return 'sent';
    }
    emit(): unknown {
      return 'emitted';
    }
  }
  class ClientTCP extends ClientProxy {}
  class ClientRedis extends ClientProxy {}
  class ClientGrpcProxy extends ClientProxy {
    createClientByServiceName(): unknown {
      return 'created';
    }
  }
  return { NestMicroservice, ClientProxy, ClientTCP, ClientRedis, ClientGrpcProxy };
}

/** An application, as a microservice is connected to it. */
function application() {
  const modules = {};
  const host = { manager: participantManager(), incoming: true, enter: () => () => undefined };
  registerMessageHost(modules, host);
  return { getModules: () => modules };
}

describe('the classes of Nest', () => {
  it('are changed once, and without a word', () => {
    const log = recordedLog();
    const nest = shapedLikeNest();
    installMessaging(nest, log);
    const { send } = nest.ClientTCP.prototype;
    installMessaging(nest, log);
    expect(nest.ClientTCP.prototype.send).toBe(send);
    expect(log.lines).toEqual([]);
  });

  it('do what they did', () => {
    const nest = shapedLikeNest();
    installMessaging(nest, recordedLog());
    const client = new nest.ClientTCP();
    const app = new nest.NestMicroservice({ getModules: () => ({}) }, {});
    expect([client.send(), client.emit(), app.registerListeners()]).toEqual([
      'sent',
      'emitted',
      'registered',
    ]);
  });

  it('may be wrapped by others afterwards', () => {
    const nest = shapedLikeNest();
    installMessaging(nest, recordedLog());
    nest.ClientProxy.prototype.send = () => 'sent by another';
    expect(new nest.ClientTCP().send()).toBe('sent by another');
  });

  it('are named in the log where they are not as expected, and are left alone', () => {
    const log = recordedLog();
    const { ClientTCP } = shapedLikeNest();
    installMessaging({ ClientTCP }, log);
    expect(log.lines).toEqual([
      expect.stringMatching(
        /^warn: The xid does not travel by clients of Redis, clients of gRPC, microservices: this/,
      ),
    ]);
  });

  it('lead to a server that the log names where that is not as expected', () => {
    const log = recordedLog();
    const nest = shapedLikeNest();
    installMessaging(nest, log);
    const app = new nest.NestMicroservice(application(), { transportId: 0 });
    expect(app.registerListeners()).toBe('registered');
    expect(log.lines).toEqual([expect.stringMatching(/does not travel by the server of a micro/)]);
  });

  it('lead to a server of another carrier, which is left alone', () => {
    const log = recordedLog();
    const nest = shapedLikeNest();
    installMessaging(nest, log);
    const addHandler = (): void => undefined;
    const server = { transportId: Symbol('mine'), addHandler };
    new nest.NestMicroservice(application(), server).registerListeners();
    expect(server.addHandler).toBe(addHandler);
    expect(log.lines).toEqual([]);
  });

  it('have servers keep the deserializer of the application', async () => {
    const nest = shapedLikeNest(function (this: object) {
      const { serverInstance } = this as { serverInstance: typeof server };
      serverInstance.addHandler('take', (data: unknown) => data);
    });
    installMessaging(nest, recordedLog());
    const handlers: ((...args: unknown[]) => unknown)[] = [];
    const server = {
      transportId: 0,
      deserializer: { deserialize: (value: unknown): unknown => JSON.parse(String(value)) },
      addHandler: (_pattern: unknown, handler: (...args: unknown[]) => unknown) =>
        void handlers.push(handler),
    };
    new nest.NestMicroservice(application(), server).registerListeners();
    const text = JSON.stringify({ data: 'nails', metadata: { TX_XID: 'x1' } });
    const { data } = server.deserializer.deserialize(text) as { data: unknown };
    expect(data).not.toBe('nails');
    expect(await handlers[0]!(data, {})).toBe('nails');
  });
});
