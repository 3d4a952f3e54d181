import { Inject } from '@nestjs/common';

import type { DtxRuntime } from '../interceptors/index.js';
import { DTX_RUNTIME, DTX_SLOT, UnsupportedMethodError } from '../protocol/index.js';

/** An object with annotated methods. Its slot is empty when no container has built it. */
export interface Slotted {
  [DTX_SLOT]?: DtxRuntime;
}

/**
 * Has Nest put the runtime into every instance of the class, as a property that must be resolved:
 * an application without DtxModule does not start, instead of running without transactions.
 *
 * @param method `Class.method`, for messages
 */
export function declareSlot(prototype: object, method: string): void {
  // A class inherits the slot of its parent together with the parent's injected properties.
  if (hasSlot(prototype)) return;
  Inject(DTX_RUNTIME)(prototype, DTX_SLOT);
  // Nest assigns injected properties. The setter turns that into one that nobody sees: a plain one
  // would show up in console.log, in object spread and in Jest's toEqual.
  Object.defineProperty(prototype, DTX_SLOT, {
    configurable: true,
    set(this: object, runtime: DtxRuntime) {
      fillSlot(this, runtime, method);
    },
  });
}

/** Whether the object, or the prototype, has annotated methods. */
export function hasSlot(object: object): object is Slotted {
  return DTX_SLOT in object;
}

/** @throws UnsupportedMethodError (DTX_ERR_CONFIG_METHOD) the object is frozen */
export function fillSlot(instance: object, runtime: DtxRuntime, method: string): void {
  if (!Object.isExtensible(instance) && !Object.hasOwn(instance, DTX_SLOT)) {
    throw new UnsupportedMethodError(
      method,
      'its object is frozen or sealed, so it cannot be told which application it belongs to. ' +
        'Freeze its fields instead of the object itself.',
    );
  }
  Object.defineProperty(instance, DTX_SLOT, {
    value: runtime,
    configurable: true,
    enumerable: false,
    writable: true,
  });
}
