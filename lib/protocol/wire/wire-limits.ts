/** Bytes of one message: a branch with all its data, written in the widest characters, and room. */
export const MESSAGE_BYTES_MAX = 131_072;

/** Bytes of one frame from a client. Clients split what is more. */
export const CLIENT_FRAME_BYTES_MAX = 1_048_576;

/** Bytes of one frame from a node: the summary of a large transaction, with all its errors. */
export const SERVER_FRAME_BYTES_MAX = 16_777_216;

/** Characters of errors and results in one summary: with the widest ones, half of such a frame. */
export const SUMMARY_TEXT_LENGTH_MAX = 2_500_000;

/** Messages of one frame. */
export const FRAME_MESSAGES_MAX = 10_000;

/** From so many bytes or messages on, a sender begins a new frame. */
export const FRAME_BYTES_AIM = 262_144;
export const FRAME_MESSAGES_AIM = 512;

/** Default of `inFlightMax`: requests of one stream that wait for an answer. */
export const IN_FLIGHT_MAX_DEFAULT = 1_024;

/** Default of `heartbeatMs`: after so long without a word a side asks, after twice it hangs up. */
export const HEARTBEAT_MS_DEFAULT = 3_000;

/** How long a stream may be open without its hello. */
export const HELLO_MS_MAX = 5_000;

/** The port of a coordinator, if none is named. */
export const PORT_DEFAULT = 7_091;
