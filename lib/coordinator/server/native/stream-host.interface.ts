import type { DtxError } from '../../../protocol/index.js';
import type { WireHello } from '../../../protocol/wire/index.js';
import type { ClientStream } from './client-stream.js';
import type { Namespace, NativeServerSettings } from './native-server-options.js';
import type { Traffic } from './traffic.js';

/** The server as its streams see it. */
export interface StreamHost {
  readonly settings: NativeServerSettings;
  readonly traffic: Traffic;
  readonly nodeId: string;
  readonly software: string;
  /** Nothing new is taken on. */
  readonly isDraining: boolean;
  /** @throws DtxError why the client is not let in */
  admit(stream: ClientStream, client: WireHello): Namespace;
  /** Nothing more comes from the stream. @param reason why it was closed from here */
  over(stream: ClientStream, reason: DtxError | undefined): void;
  /** What a request has failed with. */
  failed(error: unknown): void;
}
