import type { Session } from '../../coordinator/index.js';
import { visitStore } from '../../coordinator/index.js';
import type { BranchStatus, GlobalStatus } from '../../protocol/index.js';
import { NAMESPACE_DEFAULT } from '../../protocol/index.js';
import type { CliHost } from '../command.interface.js';
import { printable } from '../printable.js';
import { givenStore } from '../store-option.js';

/** What commands have that may ask a coordinator. */
export const COORDINATOR_OPTIONS = {
  store: { type: 'string' },
  namespace: { type: 'string', default: NAMESPACE_DEFAULT },
} as const;

/** The lines of the help about them. */
export const COORDINATOR_HELP = `\
  --store STORE    file or database URL of the coordinator, which is asked then what it
                   knows of the transaction (default $DTX_STORE_URL)
  --namespace NAME namespace of the transaction there (default ${NAMESPACE_DEFAULT})`;

/** What a coordinator says of transactions, by xid. */
export type CoordinatorWord = ReadonlyMap<string, Session>;

/**
 * @returns undefined when no coordinator was named
 * @throws StoreUnavailableError …
 */
export async function askCoordinator(
  values: Readonly<Record<string, unknown>>,
  host: CliHost,
  xids: readonly string[],
): Promise<CoordinatorWord | undefined> {
  const location = givenStore(values, host);
  if (location === undefined) return undefined;
  const namespace = String(values['namespace']);
  const store = await visitStore(location);
  try {
    const found = await store.load([...new Set(xids)].map((xid) => ({ namespace, xid })));
    return new Map(found.flatMap((session) => (session ? [[session.xid, session]] : [])));
  } finally {
    await store.close();
  }
}

/** The command that has the rollback tried again, at the coordinator that was named. */
export function retryCommand(xid: string, values: Readonly<Record<string, unknown>>): string {
  const { namespace, store } = values;
  const place = store === undefined ? '' : ' --store "$DTX_STORE_URL"';
  const space = namespace === NAMESPACE_DEFAULT ? '' : ` --namespace ${String(namespace)}`;
  return printable(`npx nestjs-dtx retry ${xid}${place}${space}`);
}

/** The transaction in a few words: its status, and whether a branch of it waits for a person. */
export function wordOn(xid: string, word: CoordinatorWord): string {
  const session = word.get(xid);
  if (session === undefined) return 'not known to the coordinator';
  const isParked = session.branches.some(({ status }) => status === 'needs-attention');
  return isParked ? `${session.status}, needs attention` : session.status;
}

const ROLLED_BACK: ReadonlySet<GlobalStatus> = new Set(['rolling-back', 'rolled-back']);
/** Behind an accepted branch no phase two comes any more, and its rows would be held for ever. */
const LEFT_TO_A_PERSON: ReadonlySet<BranchStatus> = new Set(['needs-attention', 'accepted']);

/** Branches whose rollback has been decided, and could not be finished without a person. */
export function parkedBranches(xid: string, word: CoordinatorWord | undefined): readonly string[] {
  const session = word?.get(xid);
  if (session === undefined || !ROLLED_BACK.has(session.status)) return [];
  return session.branches
    .filter(({ status }) => LEFT_TO_A_PERSON.has(status))
    .map(({ branchId }) => branchId);
}
