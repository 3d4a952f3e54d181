/** What grpc-js says of a connection that never came about, around the one fact in it. */
const NOT_CONNECTED = /^No connection established\. Last error: (.*?)\.? Resolution note:.*$/s;

/** It changes with every try, which would make each of them news. */
const MOMENT = / \(\d{4}-\d\d-\d\dT[^)]*\)/g;

/** `thread:error:code:library:function:what happened:file:line:` of OpenSSL. */
const OPENSSL = /[0-9A-F]+:error:[0-9A-F]+:[^:]*:[^:]*:([^:]*):[^\n]*/g;

interface Advice {
  readonly pattern: RegExp;
  readonly text: string;
}

const TLS_ADVICE: readonly Advice[] = [
  {
    pattern: /certificate required|handshake failure/,
    text: 'The coordinator asks for a certificate: give coordinator.tls.cert and tls.key',
  },
  {
    pattern: /alert (unknown ca|bad certificate|certificate|unsupported certificate)/,
    text: 'The coordinator does not accept the certificate in coordinator.tls.cert',
  },
  {
    pattern: /wrong version number|packet length too long|http request/,
    text: 'The coordinator seems to have no TLS there: write dtx:// instead of dtxs://',
  },
  {
    pattern: /unable to (verify|get)|self.signed/,
    text:
      'The certificate of the coordinator is not signed by an authority that this process ' +
      'trusts: give that authority as coordinator.tls.ca',
  },
  {
    pattern: /does not match certificate|altnames/,
    text:
      'The certificate of the coordinator is for other names: use one of them in ' +
      'coordinator.url, or give it as coordinator.tls.serverName',
  },
  {
    pattern: /Failed to connect|ECONNRESET|disconnected/,
    text:
      'Something there has closed the connection: if the coordinator asks for certificates, it ' +
      'may not accept the one in coordinator.tls.cert',
  },
];

const PLAIN_ADVICE: readonly Advice[] = [
  {
    pattern: /Failed to connect|ECONNRESET|disconnected/,
    text:
      'Something there has closed the connection: if the coordinator uses TLS, write dtxs:// ' +
      'instead of dtx://',
  },
];

/** Why a stream has ended, in words that say what to do where a setting may be wrong. */
export function dialTrouble(details: string, isTls: boolean): string {
  const match = NOT_CONNECTED.exec(details);
  if (match === null) return details;
  const fact = (match[1] ?? '').replace(OPENSSL, '$1').replace(MOMENT, '').trim();
  const advice = (isTls ? TLS_ADVICE : PLAIN_ADVICE).find(({ pattern }) => pattern.test(fact));
  return advice === undefined ? fact : `${fact}. ${advice.text}`;
}
