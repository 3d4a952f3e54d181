/**
 * Whether the server itself has said no. Everything else (a reset, a time-out, a server that goes
 * down) leaves open whether the statement was carried out.
 */
export function isRefusalByServer(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false;
  const { code, severity } = error as { code?: unknown; severity?: unknown };
  if (typeof code !== 'string' || !/^[0-9A-Z]{5}$/.test(code)) return false;
  return severity === 'ERROR';
}
