/**
 * What no message may show of a store: its password, in whatever form, and the parts of one that is
 * not encoded, of which one may pass for the host.
 */
export function secretsOf(url: string): readonly string[] {
  const [, password = ''] = /^\s*[a-z][a-z0-9+.-]*:\/*[^:/@]*:(.*)@/is.exec(url) ?? [];
  const parameters = [...url.matchAll(/[?&][a-z]*pass[a-z0-9]*=([^&#]*)/gi)];
  const given = [password, ...parameters.map(([, value = '']) => value)];
  const parts = given.flatMap((text) => [text, ...text.split(/[@/?#:]/)]);
  const secrets = parts.flatMap((part) => [part, decoded(part)]).filter((part) => part !== '');
  // The whole one before its parts.
  return [...new Set(secrets)].sort((one, other) => other.length - one.length);
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

export function withoutSecrets(message: string, secrets: readonly string[]): string {
  return secrets.reduce((text, secret) => text.replaceAll(secret, '***'), message);
}
