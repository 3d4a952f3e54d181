import { DtxError } from './dtx.error.js';

/** Bytes that came over a coordinator's connection are no frame of the protocol. @publicApi */
export class BadFrameError extends DtxError {
  static override readonly code = 'DTX_ERR_PROTOCOL_BAD_FRAME';

  constructor(what: string, options?: ErrorOptions) {
    super(
      `A frame cannot be read: ${what}. The connection is closed. Check that the address is that ` +
        `of a nestjs-dtx coordinator, and that nothing in between changes what is sent.`,
      options,
    );
  }
}

/** The other side uses an operation or a word that this version does not know. @publicApi */
export class UnknownWordError extends DtxError {
  static override readonly code = 'DTX_ERR_PROTOCOL_UNKNOWN';

  constructor(
    readonly list: string,
    readonly word: number | string,
  ) {
    super(
      `The other side of a coordinator's connection has sent ${list} ${String(word)}, which this ` +
        `version of nestjs-dtx does not know; nothing was done. Upgrade the older of the two.`,
    );
  }
}

/** Client and coordinator have no version of the protocol in common. @publicApi */
export class ProtocolVersionError extends DtxError {
  static override readonly code = 'DTX_ERR_PROTOCOL_VERSION';

  constructor(
    readonly client: string,
    readonly node: string,
  ) {
    super(
      `The client speaks protocol version ${client} and the coordinator ${node}. A coordinator ` +
        `serves clients of its own version and of the one before: upgrade the older side, ` +
        `coordinators first.`,
    );
  }
}

/** A client's key was not accepted, or is not good for its namespace. @publicApi */
export class CredentialRefusedError extends DtxError {
  static override readonly code = 'DTX_ERR_PROTOCOL_CREDENTIAL';

  constructor(readonly namespace: string) {
    super(
      `The coordinator does not accept this client's key for namespace "${namespace}". Compare ` +
        `coordinator.key of DtxModule with the keys of the coordinator.`,
    );
  }
}

/** What a client said was not what the protocol allows at that point. @publicApi */
export class ProtocolViolationError extends DtxError {
  static override readonly code = 'DTX_ERR_PROTOCOL_VIOLATION';

  constructor(what: string) {
    super(
      `The connection was closed because of what this side has sent: ${what}. A client of ` +
        `nestjs-dtx does not do that; if it was one, please report it.`,
    );
  }
}

/** No node of the coordinator could be reached in time; nothing was asked of it. @publicApi */
export class CoordinatorUnreachableError extends DtxError {
  static override readonly code = 'DTX_ERR_TC_UNREACHABLE';
  override readonly retryable = true;

  constructor(
    readonly urls: readonly string[],
    what: string,
    options?: ErrorOptions,
  ) {
    super(
      `No coordinator could be reached at ${urls.join(', ')}: ${what}. Nothing was done. Check ` +
        `coordinator.url, that a coordinator runs there ("npx nestjs-dtx coordinator"), and that ` +
        `the network lets this process reach it.`,
      options,
    );
  }
}

/** A coordinator would serve anybody on the network. @publicApi */
export class InsecureListenError extends DtxError {
  static override readonly code = 'DTX_ERR_CONFIG_INSECURE_LISTEN';

  constructor(readonly address: string) {
    super(
      `The coordinator would listen on ${address}, where others than this machine can reach it, ` +
        `and asks nobody for a key: whoever connects could commit, roll back and read every ` +
        `transaction. Give it keys (--key, DTX_KEYS, or keys: […]), or client certificates ` +
        `(tls.ca), listen on 127.0.0.1, or say that the network is closed: --insecure ` +
        `(insecure: true).`,
    );
  }
}
