import type { InstallPlan, InstallReport, TableStatus } from '../../resource/at/index.js';
import type { CliHost, Command, CommandArguments } from '../command.interface.js';
import { printable, printableLines } from '../printable.js';
import { textTable, wrapped } from '../text-table.js';
import type { AtDatabase } from './at-database.js';
import { DATABASE_HELP, DATABASE_OPTIONS, atDatabase } from './at-database.js';

const HELP = `Usage: nestjs-dtx at install [options]
       nestjs-dtx at print [options]
       nestjs-dtx at status [options]
       nestjs-dtx at uninstall [options]

Sets up what AT mode needs in a database of the application: our own tables, and triggers
on the tables whose changes are captured. Applications do that themselves when they start,
where their role may; with install: 'check' they only look, and leave it to you.

  install    do what is missing; can be repeated, and run while the application works
  print      print the SQL of what is missing, and run nothing
  status     each table and how it stands; exit status 1 if anything is missing or stale
  uninstall  remove everything, unless transactions still hold rows

Options:
${DATABASE_HELP}
  --schema SCHEMA  PostgreSQL: a schema whose tables are captured; repeat it for
                   several (default: those of the search path)
  --guard          with refusal of writers from outside, as the option guard of the
                   data source says
  --json           print JSON
  -h, --help       show this help
`;

type Work = (database: AtDatabase, input: CommandArguments, host: CliHost) => Promise<number>;

const WORK: Readonly<Record<string, Work>> = { install, print, status, uninstall };

export const atCommand: Command = {
  summary: 'set up, check or remove what AT mode needs in a database',
  help: HELP,
  options: {
    ...DATABASE_OPTIONS,
    schema: { type: 'string', multiple: true },
    guard: { type: 'boolean' },
  },
  async run(input, host) {
    const [action = '', unknown] = input.positionals;
    const work = Object.hasOwn(WORK, action) ? WORK[action] : undefined;
    if (work !== undefined && unknown === undefined) {
      return atDatabase(input.values, host, (database) => work(database, input, host));
    }
    const mistake =
      action === ''
        ? `Say what to do: ${Object.keys(WORK).join(', ')}.`
        : `What is "${unknown ?? `at ${action}`}"?`;
    host.err(`${mistake}\n${HELP}`);
    return 2;
  },
};

const isJson = ({ values }: CommandArguments): boolean => values['json'] === true;

const json = (value: unknown): string => printableLines(`${JSON.stringify(value, undefined, 2)}\n`);

async function install(
  { engine, kind, place }: AtDatabase,
  input: CommandArguments,
  host: CliHost,
): Promise<number> {
  const report = await engine.install('mend');
  const text = (): string => installText(place, report, kind.note);
  host.out(isJson(input) ? json({ database: place, ...report }) : text());
  return 0;
}

function installText(
  place: string,
  { capturedTables, warnings }: InstallReport,
  note: string | undefined,
): string {
  const count = tables(capturedTables.length);
  return [
    `${printable(place)} is set up: ${count} captured.`,
    ...textTable(capturedTables.map((name) => [printable(name)])),
    ...noteLines(note),
    ...warningLines(warnings),
    '',
  ].join('\n');
}

async function print(
  { engine, kind, place }: AtDatabase,
  input: CommandArguments,
  host: CliHost,
): Promise<number> {
  const { statements, warnings } = await engine.plan();
  if (isJson(input)) {
    host.out(json({ database: place, statements, warnings }));
    return 0;
  }
  const title = `-- nestjs-dtx: AT in ${printable(place)}`;
  const script = statements.length > 0 ? kind.script(statements) : '-- Nothing is missing.\n';
  host.out(`${title}\n${script}`);
  return 0;
}

async function status(
  { engine, flags, kind, place }: AtDatabase,
  input: CommandArguments,
  host: CliHost,
): Promise<number> {
  const plan = await engine.plan();
  const isCurrent = plan.statements.length === 0;
  if (isJson(input)) {
    const { tables: found, warnings } = plan;
    host.out(json({ database: place, isCurrent, tables: found, warnings, note: kind.note }));
  } else {
    host.out(statusText({ place, plan, note: kind.note, command: commandFor(flags, input) }));
  }
  return isCurrent ? 0 : 1;
}

interface StatusView {
  readonly place: string;
  readonly plan: InstallPlan;
  readonly note: string | undefined;
  /** What mends it. */
  readonly command: string;
}

function statusText({ command, note, place, plan }: StatusView): string {
  const counts = new Map<TableStatus['state'], number>();
  for (const { state } of plan.tables) counts.set(state, (counts.get(state) ?? 0) + 1);
  const summary = [...counts].map(([state, count]) => `${String(count)} ${state}`).join(', ');
  const rows = plan.tables.map((table) => [printable(table.table), table.state]);
  const [headings = '', ...lines] = textTable([['TABLE', 'STATE'], ...rows]);
  const listed = plan.tables.flatMap((table, index) => [
    lines[index] ?? '',
    ...(table.note === undefined ? [] : indented(table.note, '      ')),
  ]);
  const isCurrent = plan.statements.length === 0;
  return [
    `${printable(place)}: ${summary === '' ? 'no tables' : summary}`,
    headings,
    ...listed,
    ...noteLines(note),
    ...warningLines(plan.warnings.filter((warning) => !warning.startsWith('Writes are refused'))),
    ...(isCurrent ? [] : ['', 'To mend what is missing or stale:', `  ${command}`]),
    '',
  ].join('\n');
}

function commandFor(flags: string, { values }: CommandArguments): string {
  const schemas = (values['schema'] ?? []) as readonly string[];
  const options = [
    ...schemas.map((schema) => ` --schema ${schema}`),
    ...(values['guard'] === true ? [' --guard'] : []),
  ];
  return printable(`npx nestjs-dtx at install${flags}${options.join('')}`);
}

async function uninstall(
  { engine, place }: AtDatabase,
  input: CommandArguments,
  host: CliHost,
): Promise<number> {
  await engine.uninstall();
  host.out(
    isJson(input)
      ? json({ database: place, isInstalled: false })
      : `Nothing of ours is left in ${printable(place)}. An application that starts would set it ` +
          `up again.\n`,
  );
  return 0;
}

const WIDTH = 90;

const indented = (text: string, indent: string): readonly string[] =>
  wrapped(printable(text), WIDTH).map((line) => `${indent}${line}`);

const noteLines = (note: string | undefined): readonly string[] =>
  note === undefined ? [] : ['', ...indented(note, '')];

const warningLines = (warnings: readonly string[]): readonly string[] =>
  warnings.flatMap((warning) => {
    const [first = '', ...rest] = indented(warning, '  ');
    return ['', `! ${first.trimStart()}`, ...rest];
  });

const tables = (count: number): string => `${String(count)} table${count === 1 ? '' : 's'}`;
