import { access } from 'node:fs/promises';
import { join } from 'node:path';

import { hasMariadb } from '../servers/test-mariadb.js';
import { aliveIn, finished, sampleProgram, says } from '../support/sample-program.js';
import type { Finished } from '../support/sample-program.js';

jest.setTimeout(180_000);

interface Program {
  readonly folder: string;
  readonly script: string;
  readonly runs: string;
  /** Why requests are refused. */
  readonly reasons: readonly string[];
  /** What else the line of JSON has to say. */
  readonly check: (json: Finished['json']) => void;
}

const TCC: Program = {
  folder: '03-tcc',
  script: 'sample:tcc',
  runs: '.dtx/tcc',
  reasons: ['ACCOUNT_BLOCKED', 'NOT_ENOUGH_MONEY', 'NOT_APPROVED'],
  check: (json) => {
    expect(json['centsAfter']).toBe(json['centsBefore']);
    expect(json['confirmed']).toBe(2 * Number(json['committed']));
    expect(json['cancelled']).toBeGreaterThan(0);
  },
};
const MIXED: Program = {
  folder: '04-mixed',
  script: 'sample:mixed',
  runs: '.dtx/mixed',
  reasons: ['OUT_OF_STOCK', 'NOT_ENOUGH_MONEY', 'CARD_REFUSED'],
  check: () => undefined,
};
const COUNT = 60;

describe.each(hasMariadb() ? [TCC, MIXED] : [TCC])(
  'the program $script',
  ({ check, folder, reasons, runs, script }) => {
    const program = sampleProgram(folder);
    let help: Finished;

    beforeAll(async () => {
      help = await program.help();
    });

    it('explains itself', () => {
      expect(help.errors).toBe('');
      expect(help.output).toContain(`npm run ${script} -- [options]`);
      expect(help.exitCode).toBe(0);
    });

    it('fails for every reason, its books agree, and it leaves nothing behind', async () => {
      const run = program.start('--count', String(COUNT), '--json');
      const { exitCode, errors, json, output } = await finished(run);

      expect(errors).toBe('');
      for (const reason of reasons) expect(output).toContain(reason);
      expect(json).toMatchObject({ requests: COUNT, unknown: 0, kills: 0, booksAgree: true });
      expect(Number(json['committed']) + Number(json['rolledBack'])).toBe(COUNT);
      expect(json['committed']).toBeGreaterThan(COUNT / 4);
      check(json);
      expect(exitCode).toBe(0);
      expect(aliveIn(output)).toEqual([]);
      const own = join(runs, String(run.child.pid));
      await expect(access(own)).rejects.toMatchObject({ code: 'ENOENT' });
    });

    it('refuses what it does not know', async () => {
      const { errors, exitCode } = await finished(program.start('--count', 'many'));

      expect(errors).toContain('--count is 1 to 10000, not many.');
      expect(exitCode).toBe(2);
    });
  },
);

describe('a program with a load', () => {
  it('ends all its processes when somebody interrupts it', async () => {
    const run = sampleProgram(TCC.folder).start('--count', '5000');
    await says(run, ' process ');
    run.child.kill('SIGINT');
    const { exitCode, output } = await finished(run);

    expect(exitCode).toBe(130);
    expect(aliveIn(output)).toEqual([]);
  });
});
