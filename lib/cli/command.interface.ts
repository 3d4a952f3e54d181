import type { ParseArgsConfig } from 'node:util';

/** What a command has of the world. */
export interface CliHost {
  /** Folder of package.json and docs/. */
  readonly packageRoot: string;
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** Variables of the environment. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Wall clock, milliseconds since 1970. */
  readonly now: () => number;
  /** Resolves with the signal by which somebody asks the program to end. */
  readonly untilStopped: () => Promise<string>;
}

/** What was typed behind the name of a command. */
export interface CommandArguments {
  readonly values: Readonly<Record<string, unknown>>;
  readonly positionals: readonly string[];
}

/** One word of the program, such as `transactions`. */
export interface Command {
  readonly summary: string;
  readonly help: string;
  readonly options: NonNullable<ParseArgsConfig['options']>;
  /** @returns the exit status: 0 is success, 1 a failure, 2 a mistake in what was typed */
  run(input: CommandArguments, host: CliHost): Promise<number> | number;
}
