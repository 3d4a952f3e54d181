import { BadXidError, assertXid } from '../protocol/index.js';

/**
 * The one xid among the values that a carrier has given for it. The same value twice is what a
 * proxy makes that copies one name to the other; a blank one counts as absent, as in Seata.
 *
 * @throws BadXidError (DTX_ERR_BAD_XID) when it is malformed, or when two of them differ
 */
export function onlyXid(values: readonly string[]): string | undefined {
  const found = values
    .flatMap((value) => value.split(','))
    .map((value) => value.trim())
    .filter((value) => value !== '');
  const [first, ...others] = new Set(found);
  if (first === undefined) return undefined;
  if (others.length > 0) throw new BadXidError([first, ...others].join(', '));
  return assertXid(first);
}
