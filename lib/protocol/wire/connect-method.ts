/** `CoordinatorService.Connect` as gRPC calls it. Frames pass as bytes; both ends read them. */
export const CONNECT_METHOD = {
  path: '/dtx.v1.CoordinatorService/Connect',
  requestStream: true,
  responseStream: true,
  requestSerialize: asBuffer,
  requestDeserialize: asIs,
  responseSerialize: asBuffer,
  responseDeserialize: asIs,
} as const;

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function asIs(bytes: Buffer): Buffer {
  return bytes;
}
