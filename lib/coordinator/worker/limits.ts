import type { BranchType } from '../../protocol/index.js';

/** Requests that wait for the next durable write; the next one is refused. */
export const WAITING_REQUESTS_MAX = 10_000;

/** Writes of one durable transaction: enough to share the disk, few enough to answer soon. */
export const BATCH_LENGTH_MAX = 512;

/**
 * How long a node looks for a session that another one may just be beginning, and the pauses
 * between two looks: the first one, which doubles, and the longest. On a machine with far too much
 * to do, begins were seen to arrive 150 ms behind what another service did in the transaction.
 */
export const BEGIN_GRACE_MS = 1_000;
export const BEGIN_PAUSE_MS = 5;
export const BEGIN_PAUSE_MS_MAX = 40;

/** From so many requests on, a store that takes several batches at once gets them in parts. */
export const SPLIT_LENGTH_MIN = 16;

/** How long a write that nobody waits for may wait for company. */
export const LAZY_WRITE_MS = 50;

/**
 * How long a command is decided anew because other nodes change the same session, and the pauses in
 * between. Many services may register in one transaction at the same moment.
 */
export const CONTENTION_MS_MAX = 2_000;
export const CONTENTION_PAUSE_MS_MIN = 2;
export const CONTENTION_PAUSE_MS_MAX = 50;

/** First pause after the store has failed; it doubles up to the second. */
export const STORE_RETRY_MS_MIN = 50;
export const STORE_RETRY_MS_MAX = 5_000;

/** First pause before phase two of a branch is tried again; it doubles up to the second. */
export const PHASE_TWO_RETRY_MS_MIN = 100;
export const PHASE_TWO_RETRY_MS_MAX = 30_000;

/**
 * Default of `patience`: after so many failed calls, or so long, a branch is left to a person. With
 * the pauses above, the calls of a day; a database that is down for a night is no case for that.
 */
export const PATIENCE_DEFAULT = { attemptsMax: 3_000, ageMsMax: 86_400_000 } as const;

/** After so many failed calls in a row, another node is offered the branch. */
export const OFFER_EVERY = 5;

/** From so many branches on that nobody can finish, those of other nodes are sorted out. */
export const STRANDED_SWEEP_MIN = 1_000;

/** Branches in one call to a resource. */
export const TARGETS_PER_CALL_MAX = 100;

/**
 * Calls to one instance of a resource at a time. One for commits: nobody waits for them, and what
 * gathers behind the call makes the next one bigger. Several for rollbacks, whose rows stay locked
 * meanwhile.
 */
export const CALLS_IN_FLIGHT_MAX = { commit: 1, rollback: 4 } as const;

/**
 * Where phase two is code of the application, or somebody waits for it, each branch has a call of
 * its own: one that hangs keeps nobody else waiting.
 */
export const CALLS_IN_FLIGHT_ALONE_MAX = 16;

/**
 * Of those, so many about branches that have left a call unanswered before: however many hang, the
 * others get through.
 */
export const REPEATS_IN_FLIGHT_MAX = 8;

/**
 * Shortest time between two commit calls to a resource whose branches nobody waits for: the rows of
 * a committed branch are free for whoever meets them, and a call costs the database about the same
 * for one branch as for ten. The first call after a pause goes at once.
 */
export const COMMIT_PACE_MS: Readonly<Partial<Record<BranchType, number>>> = { AT: 10 };

/** After this long a phase-two call counts as failed; its branches are tried again. */
export const CALL_TIMEOUT_MS = 30_000;

/** Calls that a resource has left unanswered, late ones included, before it gets no more. */
export const UNANSWERED_CALLS_MAX = 32;

/** How long after an overdue sweep for timed-out sessions comes the next one, at the soonest. */
export const SWEEP_PAUSE_MS = 20;

/**
 * Default of `leaseMs`: how long the other nodes wait before they take over what a node drives.
 * Short enough for whoever waits for rows, long enough for a pause of the garbage collector.
 */
export const LEASE_MS_DEFAULT = 2_000;

/** Leases are looked through so many times within their length, so that none lapses unnoticed. */
export const LEASE_SWEEPS = 4;

/**
 * A node lets the lease of a session lapse whose resources it cannot reach, so that another one may
 * have more luck. After the first time span nobody seems to reach them, and the session changes
 * hands only after the second.
 */
export const UNREACHABLE_AFTER_MS = 60_000;
export const UNREACHABLE_LEASE_MS = 30_000;

/**
 * Sweeps that an active session may pass untouched in the memory of a node that shares its store.
 * Another node may have taken it without a word; if not, its lease brings it back when it is due.
 */
export const IDLE_SWEEPS_MAX = 10;

/** How often a single node looks for branches that have waited for too long. */
export const PATIENCE_SWEEP_MS = 5_000;

/** How often a node looks for sessions to take over, and how many it takes at once. */
export const CLAIM_EVERY_MS = 1_000;
export const CLAIM_COUNT_MAX = 1_000;

/** How much later a node takes back what it has let lapse itself: after each of the others. */
export const OWN_CLAIM_MS = 2 * CLAIM_EVERY_MS;

/** Pauses between two looks at a session that another node drives. */
export const ELSEWHERE_MS_MIN = 10;
export const ELSEWHERE_MS_MAX = 500;

/** How often ended sessions are looked through for old ones, and how many go at once. */
export const PURGE_EVERY_MS = 60_000;
export const PURGE_COUNT_MAX = 500;

/** Default of `retentionMs`: how long an ended session answers. Longer than any client asks. */
export const RETENTION_MS_DEFAULT = 86_400_000;

/** Default of `retentionCountMax`: how many ended sessions are kept; about half a gigabyte. */
export const RETENTION_COUNT_DEFAULT = 1_000_000;

/**
 * How long a resource that leaves may take for phase two of what is decided; the rest follows when
 * it comes back. Below the grace that platforms give a process that is to stop.
 */
export const DETACH_MS = 10_000;

/**
 * Waits for rows that have lasted this long are shown to the other nodes of a shared store: most
 * end sooner, and cost no write. Both looks together stay well below a second.
 */
export const LONG_WAIT_MS = 150;
export const WAIT_LOOK_MS = 200;

/** A circle over several nodes is looked at again after this long before it is ended. */
export const WAIT_CONFIRM_MS = 100;

/** How long what a node has posted counts: longer than a pause of its garbage collector. */
export const POSTING_MS = 5_000;

/**
 * Waits that a node posts; those that have lasted longest. A circle of later ones is found later.
 */
export const POSTED_WAITS_MAX = 1_000;
