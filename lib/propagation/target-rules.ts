import { readHost } from './host-form.js';
import type { HostForm } from './host-form.js';
import { parseAddresses, parseTarget } from './target-entry.js';
import type { TargetMatcher } from './target-entry.js';

/** Who may learn an xid, besides the defaults. */
export interface TargetRules {
  readonly allow?: readonly string[];
  readonly deny?: readonly string[];
}

/** Answers whether a request to this host and port may carry the xid. */
export type TargetPolicy = (host: string, port: number) => boolean;

/**
 * Loopback and private networks. Link-local addresses are left out: clouds serve instance
 * credentials there, and no service of ours lives at one.
 */
const PRIVATE_NETWORKS = [
  '127.0.0.0/8',
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '::1/128',
  'fc00::/7',
];

/** Names that public DNS does not hold. */
const PRIVATE_SUFFIXES = ['.local', '.internal', '.svc', '.cluster.local'];

/** Answers kept per policy; a service has far fewer targets. */
const ANSWERS_MAX = 1_000;

const privateNetworks = PRIVATE_NETWORKS.flatMap((cidr) => parseAddresses(cidr) ?? []);

/**
 * The rules of one application, with its answers remembered. A host in a form that cannot be read
 * gets no xid. `deny` wins over `allow` and over the defaults.
 *
 * @param onRefused called when an answer is first found to be no
 */
export function targetPolicy(
  rules: TargetRules,
  onRefused?: (host: string, port: number) => void,
): TargetPolicy {
  const allow = matchersOf(rules.allow);
  const deny = matchersOf(rules.deny);
  const answers = new Map<string, boolean>();
  return (host, port) => {
    const key = `${host}|${String(port)}`;
    const known = answers.get(key);
    if (known !== undefined) return known;
    const answer = isAllowed(readHost(host), port, allow, deny);
    // Starting over is enough of a bound: the answers cost microseconds to find again.
    if (answers.size >= ANSWERS_MAX) answers.clear();
    answers.set(key, answer);
    if (!answer) onRefused?.(host, port);
    return answer;
  };
}

function isAllowed(
  host: HostForm | undefined,
  port: number,
  allow: readonly TargetMatcher[],
  deny: readonly TargetMatcher[],
): boolean {
  if (host === undefined) return false;
  if (deny.some((matches) => matches(host, port))) return false;
  return isPrivate(host, port) || allow.some((matches) => matches(host, port));
}

function isPrivate(host: HostForm, port: number): boolean {
  if (host.kind !== 'name') return privateNetworks.some((matches) => matches(host, port));
  if (host.text === 'localhost') return true;
  const isSingleLabel = !host.text.includes('.');
  if (isSingleLabel) return !host.isAbsolute;
  return PRIVATE_SUFFIXES.some((suffix) => host.text.endsWith(suffix));
}

/** Entries were validated at start; one that cannot be read matches nothing. */
function matchersOf(entries: readonly string[] | undefined): readonly TargetMatcher[] {
  return (entries ?? []).flatMap((entry) => parseTarget(entry) ?? []);
}
