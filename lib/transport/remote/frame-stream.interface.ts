/** Where a stream leads. */
export interface NodeAddress {
  /** As the URL names it: what a certificate is compared with. */
  readonly host: string;
  readonly ip: string;
  readonly port: number;
  readonly isTls: boolean;
  /** For people. */
  readonly label: string;
}

/** A stream of frames to one node. */
export interface FrameStream {
  /** @returns whether more may be written before `onDrain` */
  write(frame: Uint8Array): boolean;
  /** Nothing more is written; what the node still has to say is heard. */
  end(): void;
  /** Ends both ways, at once. */
  cancel(): void;
}

export interface FrameStreamEvents {
  onFrame(frame: Uint8Array): void;
  onDrain(): void;
  /** Once, and nothing after it. */
  onClosed(reason: string): void;
}

/** Opens a stream; whether that worked, its events tell. Does not throw. */
export type Dial = (address: NodeAddress, events: FrameStreamEvents) => FrameStream;
