/** Default of `streamsMax`: client processes of one node. */
export const STREAMS_MAX_DEFAULT = 4_096;

/** Connections beside those that carry a client's stream: health checks, and what is coming. */
export const SPARE_CONNECTIONS = 256;

/** Streams of one connection. A process has one; health checks come beside it. */
export const STREAMS_PER_CONNECTION_MAX = 100;

/** A connection without any stream is closed after this long. */
export const UNUSED_CONNECTION_MS = 60_000;

/** Namespaces that clients may open while the node runs. Each of them costs memory for good. */
export const NAMESPACES_MAX = 1_000;

/** Resources of one client process. */
export const RESOURCES_PER_STREAM_MAX = 1_000;

/**
 * Times per heartbeat that all streams are looked at: fine enough for the bounds that are told in
 * heartbeats, coarse enough to cost nothing. A look comes at least so often.
 */
export const SWEEPS_PER_HEARTBEAT = 4;
export const SWEEP_MS_MAX = 1_000;
export const SWEEP_MS_MIN = 10;

/** Heartbeats that a client may let pass without reading what it has been sent. */
export const CLOGGED_HEARTBEATS_MAX = 3;

/**
 * Messages of a heartbeat that ask for nothing and answer nothing, empty frames included. A client
 * sends one or two; each costs as much as a request that does something.
 */
export const USELESS_PER_HEARTBEAT_MAX = 256;

/** From so much on that the client has not taken, nothing more is read from it. */
export const CLOGGED_BYTES = 1_048_576;
export const CLOGGED_FRAMES = 64;

/** Bytes for a client that does not take them. More than the largest frame, and its neighbours. */
export const OUTGOING_BYTES_MAX = 33_554_432;

/** Branches in the summaries of one turn. With more they are written at once, and let go. */
export const BRANCHES_HELD_MAX = 4_000;

/** Longest wait that a request may ask for; a client that wants more asks again. */
export const WAIT_MS_MAX = 600_000;

/** How long a node that closes waits for the requests that are under way. */
export const DRAIN_MS = 5_000;

/** How long a connection that is to be closed may take to read why. */
export const LINGER_MS = 500;

/** Refused and closed connections that are logged in one sweep; a flood of them is counted. */
export const LOG_LINES_PER_SWEEP = 5;
