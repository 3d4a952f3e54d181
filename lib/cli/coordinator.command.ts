import { LISTEN_DEFAULT, STORE_DEFAULT } from '../modules/index.js';
import { MissingPeerError, codeOf, messageOf } from '../protocol/index.js';
import type * as program from './coordinator-program.js';
import type { CliHost, Command } from './command.interface.js';
import type { Given } from './coordinator-settings.js';
import { SETTINGS, readCoordinatorSettings } from './coordinator-settings.js';

const HELP = `Usage: nestjs-dtx coordinator [options]

Runs a coordinator that applications in other processes share. They name it by
coordinator: { url: 'dtx://host:7091' } in DtxModule.forRoot.

Every option can also be given by a variable of the environment.

Options:
  --listen ADDRESS         host:port, [address]:port or a port of 127.0.0.1; 0 takes a
                           free one (default ${LISTEN_DEFAULT}; $DTX_LISTEN)
  --store STORE            a file, or postgres://, mysql://, mariadb://, which several
                           coordinators may share; :memory: forgets all
                           (default ${STORE_DEFAULT}; $DTX_STORE_URL)
  --key KEY                a key that clients must show; repeat it to have several at
                           once. Others see what stands on a command line: better
                           $DTX_KEYS, with commas between
  --namespace-key NS=KEY   a key that opens one namespace alone ($DTX_NAMESPACE_KEYS)
  --tls-cert, --tls-key    PEM files; clients write dtxs:// then
                           ($DTX_TLS_CERT, $DTX_TLS_KEY)
  --tls-ca FILE            clients must show a certificate of that authority
                           ($DTX_TLS_CA)
  --insecure               let in whoever reaches a port beyond this machine
                           ($DTX_INSECURE)
  --max-open N             open transactions per namespace (default 100000;
                           $DTX_MAX_OPEN)
  --max-branches N         branches per transaction (default 1000; $DTX_MAX_BRANCHES)
  --heartbeat-ms N         ask a silent client after so long (default 3000;
                           $DTX_HEARTBEAT_MS)
  --lease-ms N             on a shared store: take over from a node that is silent
                           for so long (default 2000; $DTX_LEASE_MS)
  --retention-ms N         keep ended transactions for so long (default one day;
                           $DTX_RETENTION_MS)
  --json                   one JSON object per line: config, ready, stopped, and the log
  -h, --help               show this help

\${NAME} in a value stands for a variable of the environment. SIGTERM and SIGINT let
nobody in any more, answer what is under way and hand over the rest; the exit status is 0
then. A second signal ends it at once.
`;

export const coordinatorCommand: Command = {
  summary: 'run a coordinator that other processes share',
  help: HELP,
  options: {
    ...Object.fromEntries(
      SETTINGS.map(({ flag, isFlag, isList }) => [
        flag,
        { type: isFlag === true ? 'boolean' : 'string', multiple: isList === true } as const,
      ]),
    ),
    json: { type: 'boolean' },
  },
  async run({ positionals, values }, host) {
    const [unknown] = positionals;
    if (unknown !== undefined) {
      host.err(`What is "${unknown}"?\n${HELP}`);
      return 2;
    }
    const { given, options } = readCoordinatorSettings(values, host);
    const isJson = values['json'] === true;
    const tell = isJson ? tellJson(host) : tellPeople(host);
    tell.config(given);
    const { startCoordinator } = await loadProgram();
    const coordinator = await startCoordinator(options, isJson);
    tell.ready(coordinator.address);
    tell.stopping(await host.untilStopped());
    await coordinator.close();
    tell.stopped();
    return 0;
  },
};

/** Loaded here alone: the other commands do without these packages. */
async function loadProgram(): Promise<typeof program> {
  try {
    return await import('./coordinator-program.js');
  } catch (cause) {
    if (!['ERR_MODULE_NOT_FOUND', 'MODULE_NOT_FOUND'].includes(codeOf(cause) ?? '')) throw cause;
    const advice = `Run "npm install ${PEERS.join(' ')}".`;
    const [, missing = PEERS[0] ?? ''] = /'([^']+)'/.exec(messageOf(cause)) ?? [];
    throw new MissingPeerError(missing, 'A coordinator', advice, { cause });
  }
}

const PEERS = ['@nestjs/microservices', '@grpc/grpc-js', 'protobufjs', 'grpc-health-check'];

/** What is told while it runs. */
interface Telling {
  config(given: readonly Given[]): void;
  ready(address: string): void;
  stopping(signal: string): void;
  stopped(): void;
}

function tellPeople({ out }: CliHost): Telling {
  return {
    config(given) {
      out('nestjs-dtx coordinator\n');
      const rows = ['listen', 'store']
        .filter((flag) => !given.some((setting) => setting.flag === flag))
        .map((flag) => ({ flag, shown: DEFAULTS[flag] ?? '', source: 'default' }));
      for (const { flag, shown, source } of [...rows, ...given]) {
        out(`  ${flag.padEnd(14)} ${shown} (${source})\n`);
      }
    },
    ready(address) {
      out(`ready: coordinator on ${address} (pid ${String(process.pid)})\n`);
    },
    stopping(signal) {
      out(`${signal}: answering what is under way …\n`);
    },
    stopped() {
      out('stopped\n');
    },
  };
}

const DEFAULTS: Readonly<Record<string, string>> = {
  listen: LISTEN_DEFAULT,
  store: STORE_DEFAULT,
};

const DEFAULTS_JSON = Object.fromEntries(
  Object.entries(DEFAULTS).map(([flag, value]) => [flag, { value, source: 'default' }]),
);

function tellJson({ out }: CliHost): Telling {
  const line = (event: string, more: object = {}): void => {
    out(`${JSON.stringify({ event, ...more })}\n`);
  };
  return {
    config(given) {
      const settings = given.map(
        ({ flag, shown, source }) => [flag, { value: shown, source }] as const,
      );
      line('config', { ...DEFAULTS_JSON, ...Object.fromEntries(settings) });
    },
    ready(address) {
      line('ready', { address, pid: process.pid });
    },
    stopping(signal) {
      line('stopping', { signal });
    },
    stopped() {
      line('stopped');
    },
  };
}
