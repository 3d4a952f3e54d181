import type { ModuleRef } from '@nestjs/core';

import type { MessagingOptions } from '../propagation/index.js';
import {
  installMessaging,
  isTakenEarly,
  registerMessageHost,
  setMessagePolicy,
  setNamedModes,
  toModes,
} from '../propagation/index.js';
import { InvalidOptionError } from '../protocol/index.js';
import type { TransactionManager } from '../transaction/index.js';
import { findMicroservices } from './find-microservices.js';
import type { InFlight } from './in-flight.js';
import { nestLog } from './nest-log.js';

interface DtxMessagingDeps {
  readonly options: MessagingOptions;
  readonly manager: TransactionManager;
  /** The ModulesContainer of the application. */
  readonly modules: object;
  readonly moduleRef: ModuleRef;
  readonly inFlight: InFlight;
}

/** The part of an application in the messages of `@nestjs/microservices`, if it has that. */
export class DtxMessaging {
  readonly #deps: DtxMessagingDeps;

  private constructor(deps: DtxMessagingDeps) {
    this.#deps = deps;
  }

  /** Before the application is complete: its microservices take their handlers right after that. */
  static async install(deps: DtxMessagingDeps): Promise<DtxMessaging> {
    const { inFlight, manager, modules, options } = deps;
    const { incoming = true } = options;
    setMessagePolicy(manager, options);
    registerMessageHost(modules, { manager, incoming, enter: () => inFlight.enter() });
    const log = nestLog('DtxMessaging');
    const microservices = await findMicroservices(log);
    if (microservices !== undefined) installMessaging(microservices, log);
    return new DtxMessaging(deps);
  }

  /**
   * Finds the clients that the options name.
   *
   * @throws InvalidOptionError (DTX_ERR_CONFIG_OPTION) there is no such client
   */
  nameClients(): void {
    const { manager, options } = this.#deps;
    for (const [token, modes] of Object.entries(options.clients ?? {})) {
      setNamedModes(manager, this.#clientOf(token), toModes(modes));
    }
  }

  /** What will not carry the xid although it looks so, one sentence each. */
  warnings(singletons: readonly unknown[]): readonly string[] {
    return singletons.some((one) => typeof one === 'object' && one !== null && isTakenEarly(one))
      ? [TAKEN_EARLY]
      : [];
  }

  #clientOf(token: string): object {
    const client = this.#find(token);
    if (typeof client === 'object' && client !== null && 'emit' in client) return client;
    throw new InvalidOptionError({
      option: `DtxModule option messaging.clients.${token}`,
      value: client === undefined ? client : 'no client of @nestjs/microservices',
      fix:
        'Use the name of a client as ClientsModule has it; for one that is not a singleton, or ' +
        'has a token that is no text, call propagateXid(client, …) where it is used.',
    });
  }

  #find(token: string): unknown {
    try {
      return this.#deps.moduleRef.get<unknown>(token, { strict: false });
    } catch {
      return undefined;
    }
  }
}

const TAKEN_EARLY =
  'A ClientGrpc was asked for a service before DtxModule was ready, so its calls do not carry ' +
  'the xid. Call getService() in onModuleInit(), and not in a constructor.';
