import { XID_HEADER } from '../http-header.js';
import { onlyXid } from '../only-xid.js';
import { BadXidError } from '../../protocol/index.js';

/** The name of an xid that its receiver may join: Seata's. */
export const XID_KEY = XID_HEADER;

/** The name of an xid that is there for logs and traces only. */
export const LINKED_XID_KEY = 'DTX_LINKED_XID';

/** What a message says of the global transaction that it was sent in. */
export interface MessageXid {
  readonly mode: 'join' | 'link';
  readonly xid: string;
}

/** The names of an xid in the metadata of a carrier, in each mode. */
export interface XidKeys {
  readonly join: readonly string[];
  readonly link: readonly string[];
}

/**
 * What a message says, by the metadata that came with it.
 *
 * @param valueOf the value under a name: a text, a list of them, or nothing
 * @throws BadXidError (DTX_ERR_BAD_XID) the xid to join is malformed. A link that is malformed
 *   counts as absent: it changes nothing in how the message is handled
 */
export function readMessageXid(
  keys: XidKeys,
  valueOf: (key: string) => unknown,
): MessageXid | undefined {
  const joined = onlyXid(keys.join.flatMap((key) => textsOf(valueOf(key))));
  if (joined !== undefined) return { mode: 'join', xid: joined };
  try {
    const linked = onlyXid(keys.link.flatMap((key) => textsOf(valueOf(key))));
    return linked === undefined ? undefined : { mode: 'link', xid: linked };
  } catch {
    return undefined;
  }
}

/** The name under which an xid is sent. */
export const keyOf = ({ mode }: MessageXid): string => (mode === 'join' ? XID_KEY : LINKED_XID_KEY);

function textsOf(value: unknown): readonly string[] {
  if (value === undefined || value === null) return [];
  if (typeof value === 'string') return [value];
  if (Array.isArray(value)) return value.flatMap(textsOf);
  throw new BadXidError(JSON.stringify(value));
}
