import 'reflect-metadata';

import { inspect } from 'node:util';

import { Get, SetMetadata } from '@nestjs/common';
import { Observable, of } from 'rxjs';

import {
  GlobalTransactional,
  annotatedMethodsOf,
  fillSlot,
} from '../../../lib/decorators/index.js';
import type { GlobalTransactionalOptions } from '../../../lib/decorators/index.js';
import type { DtxRuntime, Invocation, MethodDefinition } from '../../../lib/interceptors/index.js';
import {
  DTX_SLOT,
  InvalidOptionError,
  NestedNotSupportedError,
  Propagation,
  UnsupportedMethodError,
} from '../../../lib/protocol/index.js';

/** A runtime that notes what passes through it. */
class RecordingRuntime {
  readonly calls: string[] = [];

  run(definition: MethodDefinition, invocation: Invocation): unknown {
    this.calls.push(definition.method);
    return invocation();
  }
}

function bound<T extends object>(instance: T): { instance: T; calls: readonly string[] } {
  const runtime = new RecordingRuntime();
  fillSlot(instance, runtime as unknown as DtxRuntime, 'test');
  return { instance, calls: runtime.calls };
}

function definitionOf(type: { readonly prototype: object }): MethodDefinition {
  const [definition] = annotatedMethodsOf(type.prototype).definitions;
  if (definition === undefined) throw new Error('no annotated method');
  return definition;
}

class Loose {
  readonly label = 'loose';
}

/** Decorates a method as untyped code may do it. */
function decorate(options: unknown, value: unknown, target: object = Loose.prototype) {
  GlobalTransactional(options as GlobalTransactionalOptions)(target, 'method', {
    value,
  } as TypedPropertyDescriptor<() => Promise<void>>);
}

class OrderService {
  readonly label = 'orders';

  @GlobalTransactional()
  async place(sku: string, count: number): Promise<string> {
    return `${this.label}: ${String(count)} x ${sku}`;
  }
}

describe('@GlobalTransactional', () => {
  describe('a call', () => {
    it('goes through the runtime of the object, with this, arguments and result', async () => {
      const { instance, calls } = bound(new OrderService());

      await expect(instance.place('a-1', 2)).resolves.toBe('orders: 2 x a-1');
      expect(calls).toEqual(['OrderService.place']);
    });

    it('goes straight to the method of an object that no container has built', async () => {
      await expect(new OrderService().place('a-1', 1)).resolves.toBe('orders: 1 x a-1');
    });

    it('stays within the application of its object', async () => {
      const first = bound(new OrderService());
      const second = bound(new OrderService());

      await first.instance.place('a-1', 1);

      expect(first.calls).toHaveLength(1);
      expect(second.calls).toHaveLength(0);
    });

    it('looks the runtime up late: a method may be taken before its object is bound', async () => {
      const service = new OrderService();
      const place = service.place.bind(service);
      const { calls } = bound(service);

      await place('a-1', 1);

      expect(calls).toEqual(['OrderService.place']);
    });
  });

  describe('the stub', () => {
    it('has the name and the length of the method', () => {
      expect(OrderService.prototype.place.name).toBe('place');
      expect(OrderService.prototype.place).toHaveLength(2);
    });

    it('carries the metadata of decorators on either side of it', () => {
      class Controller {
        @Get('below')
        @GlobalTransactional()
        @SetMetadata('role', 'admin')
        async handler(): Promise<void> {}

        @GlobalTransactional()
        @Get('above')
        async other(): Promise<void> {}
      }

      const { handler, other } = Controller.prototype;
      expect(Reflect.getMetadata('path', handler)).toBe('below');
      expect(Reflect.getMetadata('role', handler)).toBe('admin');
      expect(Reflect.getMetadata('path', other)).toBe('above');
    });
  });

  describe('the slot', () => {
    it('is invisible on the object, however it was filled', () => {
      const { instance } = bound(new OrderService());
      const injected = new OrderService();
      (injected as unknown as Record<symbol, unknown>)[DTX_SLOT] = { isClosed: false };

      for (const service of [instance, injected]) {
        expect(DTX_SLOT in service).toBe(true);
        expect(Object.keys(service)).toEqual(['label']);
        expect(JSON.stringify(service)).toBe('{"label":"orders"}');
        expect(Reflect.ownKeys(Object.assign({}, service))).toEqual(['label']);
        expect(inspect(service)).toBe("OrderService { label: 'orders' }");
      }
    });

    it('is refused by a frozen object, in a sentence that names the method', () => {
      const frozen = Object.freeze(new OrderService());
      const assign = () => {
        (frozen as unknown as Record<symbol, unknown>)[DTX_SLOT] = {};
      };

      expect(assign).toThrow(UnsupportedMethodError);
      expect(assign).toThrow(/OrderService\.place cannot be transactional: .* frozen or sealed/);
    });
  });

  describe('the definition', () => {
    it('is named after class and method, and has the defaults', () => {
      expect(definitionOf(OrderService)).toEqual({
        method: 'OrderService.place',
        isObservable: false,
        transaction: {
          name: 'OrderService.place',
          timeoutMs: undefined,
          propagation: Propagation.REQUIRED,
          rollbackFor: [],
          noRollbackFor: [],
        },
      });
    });

    it('takes the options that are given', () => {
      class Service {
        @GlobalTransactional({
          name: 'place-order',
          timeoutMs: 30_000,
          propagation: Propagation.REQUIRES_NEW,
          noRollbackFor: [TypeError, 'E_MAIL'],
        })
        async place(): Promise<void> {}
      }

      expect(definitionOf(Service).transaction).toEqual({
        name: 'place-order',
        timeoutMs: 30_000,
        propagation: Propagation.REQUIRES_NEW,
        rollbackFor: [],
        noRollbackFor: [TypeError, 'E_MAIL'],
      });
    });

    it('knows a stream by the declared type', () => {
      class Streams {
        @GlobalTransactional()
        watch(): Observable<number> {
          return of(1);
        }
      }

      expect(definitionOf(Streams).isObservable).toBe(true);
    });

    it('knows a stream by the declared type of another copy of rxjs', () => {
      class OtherObservable {
        lift(): this {
          return this;
        }
        subscribe(): void {}
        pipe(): void {}
      }
      class Streams {
        @GlobalTransactional()
        @Reflect.metadata('design:returntype', OtherObservable)
        watch(): Observable<number> {
          return of(1);
        }
      }

      expect(definitionOf(Streams).isObservable).toBe(true);
    });

    it('knows a stream by what the options say', () => {
      class Streams {
        @GlobalTransactional({ returns: 'observable' })
        @Reflect.metadata('design:returntype', Object)
        watch(): Observable<number> {
          return of(1);
        }
      }

      expect(definitionOf(Streams).isObservable).toBe(true);
    });
  });

  describe('refuses, when the class is loaded,', () => {
    const async = async (): Promise<void> => {};

    it.each([
      ['a name that is empty', { name: '' }, /name of Loose\.method is ""/],
      ['a name that is too long', { name: 'x'.repeat(201) }, /Use a text of 1 to 200 characters/],
      ['a timeout of zero', { timeoutMs: 0 }, /timeoutMs of Loose\.method is 0/],
      ['a timeout that is a text', { timeoutMs: '30s' }, /whole number of milliseconds/],
      ['a timeout of more than a day', { timeoutMs: 86_400_001 }, /from 1 to 86400000/],
      ['an unknown propagation', { propagation: 'SOMETIMES' }, /propagation of Loose\.method/],
      ['a rule that is no rule', { rollbackFor: [42] }, /rollbackFor of Loose\.method/],
      ['an unknown return form', { returns: 'stream' }, /returns of Loose\.method is "stream"/],
    ])('%s', (_what, options, message) => {
      const attempt = () => {
        decorate(options, async);
      };

      expect(attempt).toThrow(InvalidOptionError);
      expect(attempt).toThrow(message);
    });

    it('Propagation.NESTED, with the alternative', () => {
      const attempt = () => {
        decorate({ propagation: Propagation.NESTED }, async);
      };

      expect(attempt).toThrow(NestedNotSupportedError);
      expect(attempt).toThrow(/Loose\.method asks for Propagation\.NESTED.*Use REQUIRES_NEW/s);
    });

    it.each([
      ['an async generator', async function* () {}, /Loose\.method .* it is a generator/],
      ['a generator', function* () {}, /it is a generator/],
      ['something that is no method', undefined, /it is not a method/],
    ])('%s', (_what, value, message) => {
      const attempt = () => {
        decorate({}, value);
      };

      expect(attempt).toThrow(UnsupportedMethodError);
      expect(attempt).toThrow(message);
    });

    it('a static method', () => {
      const attempt = () => {
        decorate({}, async, Loose);
      };

      expect(attempt).toThrow(UnsupportedMethodError);
      expect(attempt).toThrow(/Loose\.method cannot be transactional: it is static/);
    });

    it('a class', () => {
      const attempt = () => {
        (GlobalTransactional() as unknown as (type: unknown) => void)(Loose);
      };

      expect(attempt).toThrow(/Loose cannot be transactional: it is not a method/);
    });
  });
});
