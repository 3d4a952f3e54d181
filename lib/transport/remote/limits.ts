/** Default of `callTimeoutMs`: how long a call may take, all its repeats together. */
export const CALL_TIMEOUT_MS_DEFAULT = 10_000;

/** Default of `connectTimeoutMs`: how long a start waits for the first node. */
export const CONNECT_TIMEOUT_MS_DEFAULT = 30_000;

/** Calls that wait for an answer; the next one is refused. */
export const UNANSWERED_CALLS_MAX = 10_000;

/** How often it is looked which calls have waited for too long. */
export const SWEEP_MS = 100;

/** From the dial to the welcome. A host that swallows packets would take minutes by itself. */
export const WELCOME_MS_MAX = 5_000;

/**
 * Pauses before a lost node is dialled again: soon, since calls wait while it restarts, and not so
 * often that a thousand clients wear out a machine that is down.
 */
export const RECONNECT_MS = { minMs: 100, maxMs: 1_000 } as const;

/** The same for a node that has refused this client: only an operator can change that. */
export const REFUSED_RECONNECT_MS = { minMs: 15_000, maxMs: 60_000 } as const;

/** How often the addresses of a host name are looked up, and at most when connections are lost. */
export const LOOK_UP_EVERY_MS = 30_000;
export const LOOK_UP_PAUSE_MS = 1_000;

/** How often a start says what it waits for. */
export const WAITING_LOG_EVERY_MS = 5_000;

/** How long a node that has said goodbye may take for what is under way. It takes less itself. */
export const GOODBYE_MS_MAX = 15_000;

/** How long a detach waits for the node's answer. The node gives phase two ten seconds itself. */
export const DETACH_MS_MAX = 15_000;

/** How long close() waits for the calls that are under way. */
export const CLOSE_MS_MAX = 5_000;

/** How long the node may take to end a stream that this side has ended. */
export const HANG_UP_MS_MAX = 500;

/** Bounds of the heartbeat that a node may ask for. */
export const HEARTBEAT_MS_MIN = 50;
export const HEARTBEAT_MS_MAX = 600_000;

/**
 * Share of the calls under way that may be long waits. Whoever could end them, by a commit, needs
 * the rest.
 */
export const LONG_WAIT_SHARE = 0.5;
