import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { InvalidOptionError, codeOf, messageOf } from '../protocol/index.js';
import { atCommand } from './at/at.command.js';
import { locksCommand } from './at/locks.command.js';
import { undoCommand } from './at/undo.command.js';
import type { CliHost, Command } from './command.interface.js';
import { coordinatorCommand } from './coordinator.command.js';
import { explainCommand } from './explain.command.js';
import { migrateCommand } from './migrate.command.js';
import { operateCommand } from './operate.command.js';
import { printableLines } from './printable.js';
import { transactionsCommand } from './transactions.command.js';

const COMMANDS: Readonly<Record<string, Command>> = {
  coordinator: coordinatorCommand,
  transactions: transactionsCommand,
  retry: operateCommand('retry'),
  stop: operateCommand('stop'),
  accept: operateCommand('accept'),
  undo: undoCommand,
  locks: locksCommand,
  at: atCommand,
  migrate: migrateCommand,
  explain: explainCommand,
};

const HELP_OPTION = { help: { type: 'boolean', short: 'h' } } as const;
const VERSION_OPTION = { version: { type: 'boolean', short: 'v' } } as const;

const USAGE_ERROR = 2;

/** The program `nestjs-dtx`. Never rejects; returns its exit status. */
export async function run(args: readonly string[], host: CliHost): Promise<number> {
  const [name = ''] = args;
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  try {
    if (command === undefined) return runGlobal(args, host);
    const options = { ...command.options, ...HELP_OPTION };
    const input = parseArgs({ args: args.slice(1), options, allowPositionals: true });
    if (input.values['help'] !== true) return await command.run(input, host);
    host.out(command.help);
    return 0;
  } catch (error) {
    host.err(`${printableLines(messageOf(error))}\n`);
    if (!isUsageError(error)) return 1;
    host.err('Run "nestjs-dtx --help" for what is possible.\n');
    return USAGE_ERROR;
  }
}

function runGlobal(args: readonly string[], host: CliHost): number {
  const { positionals, values } = parseArgs({
    args: [...args],
    options: { ...HELP_OPTION, ...VERSION_OPTION },
    allowPositionals: true,
  });
  const [unknown] = positionals;
  if (unknown !== undefined) {
    host.err(`There is no command "${unknown}".\n${help()}`);
    return USAGE_ERROR;
  }
  host.out(values.version === true ? `${packageVersion(host)}\n` : help());
  return 0;
}

function help(): string {
  const width = Math.max(...Object.keys(COMMANDS).map((name) => name.length));
  const commands = Object.entries(COMMANDS).map(
    ([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}\n`,
  );
  return `Usage: nestjs-dtx <command> [options]

Distributed transactions for NestJS.

Commands:
${commands.join('')}
Options:
  -h, --help     show this help, or that of a command
  -v, --version  show the version
`;
}

const isUsageError = (error: unknown): boolean =>
  error instanceof InvalidOptionError || codeOf(error)?.startsWith('ERR_PARSE_ARGS_') === true;

function packageVersion({ packageRoot }: CliHost): string {
  const manifest: unknown = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8'));
  return (manifest as { version: string }).version;
}
