import protobuf from 'protobufjs/light.js';

import { BadFrameError, messageOf } from '../errors/index.js';
import { DESCRIPTOR } from './descriptor.js';
import { FRAME_BYTES_AIM, FRAME_MESSAGES_AIM } from './wire-limits.js';
import type {
  ClientBodies,
  ClientMessage,
  Decoded,
  ServerBodies,
  ServerMessage,
} from './wire-messages.js';

/** What bounds a frame that comes in. */
export interface FrameLimits {
  /** Bytes of one message. A longer one is marked with its length: see Decoded.oversizeBytes. */
  readonly messageBytesMax: number;
  /** Messages of one frame. */
  readonly messagesMax: number;
}

/** A frame of a node: its messages, and the requests that are simply done. */
export interface ServerFrame {
  readonly messages: readonly Decoded<ServerBodies>[];
  readonly done: readonly number[];
}

/** Field 1, length-delimited: `repeated … messages = 1` in both frames. */
const MESSAGES_TAG = (1 << 3) | 2;
/** Field 2, packed: `repeated uint32 done = 2`. */
const DONE_TAG = (2 << 3) | 2;

const root = protobuf.Root.fromJSON(DESCRIPTOR as unknown as protobuf.INamespace);
const clientMessage = root.lookupType('dtx.v1.ClientMessage');
const serverMessage = root.lookupType('dtx.v1.ServerMessage');

export function encodeClientFrame(messages: readonly ClientMessage[]): Uint8Array {
  const writer = protobuf.Writer.create();
  for (const message of messages) writeMessage(writer, clientMessage, message);
  return writer.finish();
}

/** As many frames as it takes to keep each of them small; one at least. */
export function encodeServerFrames(
  messages: readonly ServerMessage[],
  done: readonly number[],
): Uint8Array[] {
  const frames: Uint8Array[] = [];
  let writer = protobuf.Writer.create();
  let count = 0;
  for (const message of messages) {
    if (count === FRAME_MESSAGES_AIM || writer.len >= FRAME_BYTES_AIM) {
      frames.push(writer.finish());
      writer = protobuf.Writer.create();
      count = 0;
    }
    writeMessage(writer, serverMessage, message);
    count += 1;
  }
  if (done.length > 0) {
    writer.uint32(DONE_TAG).fork();
    for (const requestId of done) writer.uint32(requestId);
    writer.ldelim();
  }
  frames.push(writer.finish());
  return frames;
}

/**
 * The messages of a client, in the order in which it sent them.
 *
 * @throws BadFrameError (DTX_ERR_PROTOCOL_BAD_FRAME) whatever the bytes are; nothing else
 */
export function decodeClientFrame(
  bytes: Uint8Array,
  limits: FrameLimits,
): readonly Decoded<ClientBodies>[] {
  return read(bytes, limits, clientMessage).messages as unknown as Decoded<ClientBodies>[];
}

/** @throws BadFrameError (DTX_ERR_PROTOCOL_BAD_FRAME) whatever the bytes are; nothing else */
export function decodeServerFrame(bytes: Uint8Array, limits: FrameLimits): ServerFrame {
  return read(bytes, limits, serverMessage) as unknown as ServerFrame;
}

function writeMessage(writer: protobuf.Writer, type: protobuf.Type, message: object): void {
  writer.uint32(MESSAGES_TAG).fork();
  type.encode(message, writer).ldelim();
}

interface RawFrame {
  readonly messages: protobuf.Message[];
  readonly done: number[];
}

/** By hand, so that messages are counted and measured before anything is built of them. */
function read(bytes: Uint8Array, limits: FrameLimits, type: protobuf.Type): RawFrame {
  const frame: RawFrame = { messages: [], done: [] };
  try {
    const reader = protobuf.Reader.create(bytes);
    while (reader.pos < reader.len) {
      const tag = reader.uint32();
      if (tag === DONE_TAG && type === serverMessage) {
        readNumbers(reader, frame.done);
      } else if (tag !== MESSAGES_TAG) {
        reader.skipType(tag & 7);
      } else if (frame.messages.length === limits.messagesMax) {
        throw new BadFrameError(`it holds more than ${String(limits.messagesMax)} messages`);
      } else {
        frame.messages.push(readMessage(reader, limits, type));
      }
    }
  } catch (cause) {
    if (cause instanceof BadFrameError) throw cause;
    throw new BadFrameError(messageOf(cause), { cause });
  }
  return frame;
}

function readMessage(
  reader: protobuf.Reader,
  { messageBytesMax }: FrameLimits,
  type: protobuf.Type,
): protobuf.Message {
  const length = reader.uint32();
  const end = reader.pos + length;
  if (end > reader.len) throw new BadFrameError('it ends in the middle of a message');
  const message = type.decode(reader, length);
  // A message inside it can claim a length beyond its own.
  if (reader.pos !== end) throw new BadFrameError('a message does not end where it says');
  return length > messageBytesMax ? Object.assign(message, { oversizeBytes: length }) : message;
}

function readNumbers(reader: protobuf.Reader, numbers: number[]): void {
  const length = reader.uint32();
  const end = reader.pos + length;
  if (end > reader.len) throw new BadFrameError('it ends in the middle of a list');
  while (reader.pos < end) numbers.push(reader.uint32());
}
