import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { ServerRuns } from '../../../tools/machine/index.js';
import { bundledCoordinator, bundledCoordinatorUrl } from '../bundled-coordinator.js';
import { Chaos } from '../chaos.js';
import { findFreePorts, LOOPBACK } from '../free-ports.js';
import { onInterrupt } from '../on-interrupt.js';
import { type MemberSettings, ProcessGroup } from '../process-group.js';
import { loadHelp, type LoadOptions, parseLoadOptions, UsageError } from './load-options.js';
import { type Figure, formatJson, formatReport, type LoadResult } from './load-report.js';
import { sendAll, type Told } from './send-all.js';

/** The databases of a sample, on servers of their own. */
export interface LoadDatabases<T> {
  /** Addresses by name of the service. */
  readonly urls: Readonly<Record<string, string>>;
  /** What is still undecided, or waits for phase two; 0 when all is settled. */
  unsettled(): Promise<number>;
  /** @returns a sentence for each thing that is not as it has to be */
  problems(told: readonly Told<T>[]): Promise<readonly string[]>;
  /** What the report says beside the counts. */
  figures?(): Promise<readonly Figure[]>;
  close(): Promise<void>;
}

/** A sample whose services are processes, with a load that is checked at the end. */
export interface LoadSample<T> {
  /** Of its folder below `.dtx`. */
  readonly name: string;
  readonly script: string;
  readonly about: string;
  /** The file that each service runs, told by its environment who it is. */
  readonly program: string;
  readonly services: readonly string[];
  /** Where the load goes: the first of the services, and a path. */
  readonly path: string;
  requests(count: number): readonly T[];
  /** With all that has to be there before the first request. */
  open(folder: string, requests: readonly T[]): Promise<LoadDatabases<T>>;
  /** Ends servers that a run has left in its folder. */
  remove(folder: string): Promise<void>;
}

/** What a service is told at its start. */
export interface LoadServiceSettings {
  readonly service: string;
  readonly port: number;
  readonly databaseUrl: string;
  readonly coordinatorUrl: string;
  /** Of all services, by name. */
  readonly urls: Readonly<Record<string, string>>;
}

const SETTLE_MS_MAX = 90_000;
const POLL_MS = 100;
const VARIABLE = 'SAMPLE_SERVICE';

export const readLoadSettings = (): LoadServiceSettings =>
  JSON.parse(process.env[VARIABLE] ?? '{}') as LoadServiceSettings;

/** @returns the exit status */
export async function runLoad<T>(sample: LoadSample<T>, args: readonly string[]): Promise<number> {
  try {
    const options = parseLoadOptions(args, sample.script);
    if (!options.help) return await run(sample, options);
    say(loadHelp(sample.script, sample.about));
    return 0;
  } catch (error) {
    const { message, stack = message } = error as Error;
    const isUsage = error instanceof UsageError;
    process.stderr.write(`${isUsage ? message : stack}\n`);
    return isUsage ? 2 : 1;
  }
}

async function run<T>(sample: LoadSample<T>, options: LoadOptions): Promise<number> {
  const runs = new ServerRuns(join('.dtx', sample.name), (folder) => sample.remove(folder));
  const interrupt = onInterrupt();
  await runs.begin();
  try {
    const result = await startAndSend(sample, options, { folder: runs.own, ...interrupt });
    // Not after a failure: what the processes have printed stays until the next run.
    if (result === undefined || result.problems.length === 0) await runs.end();
    if (result === undefined) return 130;
    say(`\n${formatReport(result)}`);
    if (options.json) say(formatJson(result));
    return result.problems.length === 0 ? 0 : 1;
  } finally {
    interrupt.release();
  }
}

interface RunContext {
  readonly folder: string;
  readonly signal: AbortSignal;
}

async function startAndSend<T>(
  sample: LoadSample<T>,
  options: LoadOptions,
  { folder, signal }: RunContext,
): Promise<LoadResult | undefined> {
  const requests = sample.requests(options.count);
  const databases = await sample.open(folder, requests);
  const group = new ProcessGroup(join(folder, 'logs'));
  try {
    const url = await startProcesses(sample, { folder, databases, group });
    for (const { name, pid } of group.members) say(`  ${name.padEnd(12)} process ${pid ?? '?'}`);
    const startedAtMs = performance.now();
    const stop = AbortSignal.any([signal, group.failed]);
    const chaos = options.chaos ? startChaos(group) : undefined;
    const { concurrency } = options;
    const pace = chaos && { pace: (share: number, s: AbortSignal) => chaos.pace(share, s) };
    const told = await sendAll(requests, { url, concurrency, signal: stop, ...pace });
    await chaos?.stop();
    group.failed.throwIfAborted();
    if (signal.aborted) return undefined;
    const seconds = (performance.now() - startedAtMs) / 1000;
    const left = await settled(databases);
    const problems = [
      ...(left === 0 ? [] : [`${left} rows or branches are not settled.`]),
      ...(await databases.problems(told)),
    ];
    const kills = Object.fromEntries(group.members.map((member) => [member.name, member.kills]));
    return { told, kills, problems, seconds, figures: (await databases.figures?.()) ?? [] };
  } finally {
    await group.close().finally(() => databases.close());
  }
}

interface StartContext<T> {
  readonly folder: string;
  readonly databases: LoadDatabases<T>;
  readonly group: ProcessGroup;
}

/** The coordinator first. @returns where the load goes */
async function startProcesses<T>(
  { services, program, path }: LoadSample<T>,
  { folder, databases, group }: StartContext<T>,
): Promise<string> {
  const [port = 0, ...ports] = await findFreePorts(1 + services.length);
  const urls = Object.fromEntries(
    services.map((name, index) => [name, `http://${LOOPBACK}:${ports[index] ?? 0}`]),
  );
  await group.start([bundledCoordinator({ port, store: join(folder, 'coordinator.db') })]);
  const members = services.map((service, index): MemberSettings => {
    const settings: LoadServiceSettings = {
      service,
      port: ports[index] ?? 0,
      databaseUrl: databases.urls[service] ?? '',
      coordinatorUrl: bundledCoordinatorUrl(port),
      urls,
    };
    // Not an argument, which everybody on this machine could read: there is a password in it.
    return { name: service, command: [program], env: { [VARIABLE]: JSON.stringify(settings) } };
  });
  await group.start(members);
  return `${urls[services[0] ?? ''] ?? ''}${path}`;
}

/** Every process at least once. */
const startChaos = ({ members }: ProcessGroup): Chaos =>
  new Chaos({ targets: members, killsMin: members.length });

async function settled(databases: Pick<LoadDatabases<never>, 'unsettled'>): Promise<number> {
  for (let waitedMs = 0; ; waitedMs += POLL_MS) {
    const left = await databases.unsettled();
    if (left === 0 || waitedMs >= SETTLE_MS_MAX) return left;
    await sleep(POLL_MS);
  }
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
