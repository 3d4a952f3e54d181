import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { CliHost, Command } from './command.interface.js';

const HELP = `Usage: nestjs-dtx explain CODE

Prints what the error catalogue says of a code, such as DTX_ERR_RM_LOCK_CONFLICT.
The prefix DTX_ERR_ may be left out.

Options:
  -h, --help  show this help
`;

const PREFIX = 'DTX_ERR_';

export const explainCommand: Command = {
  summary: 'what an error code means, and what to do about it',
  help: HELP,
  options: {},
  run({ positionals }, host) {
    const [given] = positionals;
    if (given === undefined || positionals.length > 1) {
      host.err(`Name one error code.\n${HELP}`);
      return 2;
    }
    const catalogue = readFileSync(join(host.packageRoot, 'docs/errors.md'), 'utf8');
    const entry = entryOf(catalogue, fullCode(given));
    if (entry === undefined) return refuse(given, catalogue, host);
    host.out(entry);
    return 0;
  },
};

function fullCode(given: string): string {
  const code = given.toUpperCase().replace(/^\[|\]$/g, '');
  return code.startsWith(PREFIX) ? code : PREFIX + code;
}

/** From the heading with the code to the next heading. */
function entryOf(catalogue: string, code: string): string | undefined {
  const lines = catalogue.split('\n');
  const start = lines.indexOf(`### ${code}`);
  if (start < 0) return undefined;
  const length = lines.slice(start + 1).findIndex((line) => /^#{1,3} /.test(line));
  const body = lines.slice(start + 1, length < 0 ? undefined : start + 1 + length);
  return `${code}\n\n${asPlainText(body.join('\n')).trim()}\n`;
}

/** Links say where they lead on paper only; the rest of Markdown reads well as it is. */
const asPlainText = (markdown: string): string =>
  markdown.replace(/\[([^\]]+)\]\([^)]+\)/g, '$1').replace(/[*`]/g, '');

function refuse(given: string, catalogue: string, host: CliHost): number {
  const codes = catalogue.match(/(?<=^### )DTX_ERR_\S+/gm) ?? [];
  host.err(`There is no error code "${given}". There are:\n${codes.map(indented).join('')}`);
  return 1;
}

const indented = (code: string): string => `  ${code}\n`;
