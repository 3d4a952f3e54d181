import { createHash, timingSafeEqual } from 'node:crypto';

import { InvalidOptionError } from '../../../protocol/index.js';
import type { AccessKey } from './native-server-options.js';

interface KnownKey {
  readonly digest: Buffer;
  /** Undefined opens all of them. */
  readonly namespaces: ReadonlySet<string> | undefined;
}

/** The keys of a coordinator. How long a look takes tells nothing about them. */
export class KeyRing {
  readonly #keys: readonly KnownKey[];

  /** @throws InvalidOptionError (DTX_ERR_CONFIG_OPTION) */
  constructor(keys: readonly AccessKey[]) {
    this.#keys = keys.map((entry) => {
      const { key, namespaces } = typeof entry === 'string' ? { key: entry } : entry;
      if (key === '') {
        const fix = 'Leave it out, or write a long random text, such as of "openssl rand -hex 32".';
        throw new InvalidOptionError({ option: 'keys', value: key, fix });
      }
      return { digest: digestOf(key), namespaces: namespaces && new Set(namespaces) };
    });
  }

  get isEmpty(): boolean {
    return this.#keys.length === 0;
  }

  /** Whether the credential opens the namespace. Without keys, every one does. */
  admits(credential: string, namespace: string): boolean {
    if (this.isEmpty) return true;
    const given = digestOf(credential);
    let isAdmitted = false;
    // All of them, also behind the right one: the first that fits would show in the time.
    for (const { digest, namespaces } of this.#keys) {
      const isEqual = timingSafeEqual(digest, given);
      if (isEqual && (namespaces?.has(namespace) ?? true)) isAdmitted = true;
    }
    return isAdmitted;
  }
}

/** Of one length, as the comparison asks for, whatever the lengths of the keys are. */
function digestOf(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}
