import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { ChannelCredentials } from '@grpc/grpc-js';

export type Identity = 'client' | 'node' | 'stranger';

/** Reads `name.crt.pem`. */
export function certificate(name: Identity | 'authority' | 'stranger-authority'): Buffer {
  return readFileSync(join(__dirname, 'certificates', `${name}.crt.pem`));
}

export function privateKey(name: Identity): Buffer {
  return readFileSync(join(__dirname, 'certificates', `${name}.key.pem`));
}

/** What a client needs that trusts the authority of the node, and shows who it is itself. */
export function tlsAs(identity?: Identity): ChannelCredentials {
  if (identity === undefined) return ChannelCredentials.createSsl(certificate('authority'));
  return ChannelCredentials.createSsl(
    certificate('authority'),
    privateKey(identity),
    certificate(identity),
  );
}
