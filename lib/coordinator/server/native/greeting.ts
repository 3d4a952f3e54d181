import type { DtxError } from '../../../protocol/index.js';
import {
  CredentialRefusedError,
  ProtocolVersionError,
  ProtocolViolationError,
  RESOURCE_ID_LENGTH_MAX,
} from '../../../protocol/index.js';
import type { VersionRange, WireHello } from '../../../protocol/wire/index.js';
import { agreedVersion } from '../../../protocol/wire/index.js';
import type { KeyRing } from './key-ring.js';
import { RESOURCES_PER_STREAM_MAX } from './limits.js';

interface Terms {
  readonly versions: VersionRange;
  readonly keys: KeyRing;
}

/** Either what was agreed, or why the client is sent away. */
export type Greeting = { readonly version: number } | { readonly refusal: DtxError };

/**
 * Judges the first message of a client. The version comes first: what else a hello of a foreign
 * version says cannot be relied on. The credential comes before all that would tell about us.
 */
export function greet(hello: WireHello, { keys, versions }: Terms): Greeting {
  const { namespace, versionMax, versionMin } = hello;
  const version = agreedVersion(versions, { min: versionMin, max: versionMax });
  if (version === undefined) {
    const theirs = rangeText({ min: versionMin, max: versionMax });
    return { refusal: new ProtocolVersionError(theirs, rangeText(versions)) };
  }
  const wrong = wrongName(hello);
  if (wrong !== undefined) {
    return { refusal: new ProtocolViolationError(`a hello with a bad ${wrong}`) };
  }
  if (!keys.admits(hello.credential, namespace)) {
    return { refusal: new CredentialRefusedError(namespace) };
  }
  if (hello.resources.length > RESOURCES_PER_STREAM_MAX) {
    const most = String(RESOURCES_PER_STREAM_MAX);
    return { refusal: new ProtocolViolationError(`a hello with more than ${most} resources`) };
  }
  return { version };
}

const LENGTH = `{1,${String(RESOURCE_ID_LENGTH_MAX)}}`;

/** Written to stores and logs without ever being quoted. */
const IDENTIFIER = new RegExp(`^[A-Za-z0-9._-]${LENGTH}$`);

/** Given by people, or made of two names and a slash: whatever can be printed. */
const RESOURCE_ID = new RegExp(`^[^\\p{C}]${LENGTH}$`, 'u');

export function isResourceId(text: string): boolean {
  return RESOURCE_ID.test(text);
}

function wrongName(hello: WireHello): string | undefined {
  const names = ['namespace', 'applicationId', 'instanceId'] as const;
  const wrong = names.find((name) => !IDENTIFIER.test(hello[name]));
  if (wrong !== undefined) return wrong;
  const areGood = hello.resources.every(({ resourceId }) => isResourceId(resourceId));
  return areGood ? undefined : 'resource id';
}

function rangeText({ max, min }: VersionRange): string {
  return min === max ? String(max) : `${String(min)} to ${String(max)}`;
}
