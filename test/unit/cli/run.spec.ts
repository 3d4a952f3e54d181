import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { run } from '../../../lib/cli/run.js';

const packageRoot = join(__dirname, '../../..');

async function cli(...args: string[]) {
  let out = '';
  let err = '';
  const exitCode = await run(args, {
    packageRoot,
    out: (text) => (out += text),
    err: (text) => (err += text),
    env: {},
    now: () => 0,
    untilStopped: () => Promise.resolve('SIGTERM'),
  });
  return { exitCode, out, err };
}

describe('nestjs-dtx', () => {
  it.each([[['--help']], [['-h']], [[]]])('shows its help for %j', async (args) => {
    const { exitCode, out } = await cli(...args);

    expect(exitCode).toBe(0);
    expect(out).toContain('Usage: nestjs-dtx <command>');
    expect(out).toMatch(/^ {2}transactions {2}the open/m);
    expect(out).toMatch(/^ {2}explain {7}what an error/m);
  });

  it.each(['transactions', 'explain'])('shows the help of %s', async (command) => {
    const { exitCode, out } = await cli(command, '--help');

    expect(exitCode).toBe(0);
    expect(out).toContain(`Usage: nestjs-dtx ${command}`);
  });

  it('shows its version', async () => {
    const manifest = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8')) as {
      version: string;
    };

    await expect(cli('--version')).resolves.toEqual({
      exitCode: 0,
      out: `${manifest.version}\n`,
      err: '',
    });
  });

  it.each([
    ['an unknown command', ['transaction'], 'There is no command "transaction"'],
    ['an unknown option', ['--verbose'], "Unknown option '--verbose'"],
    ['an unknown option of a command', ['transactions', '--all'], "Unknown option '--all'"],
    ['an argument too many', ['transactions', 'abc'], 'What is "abc"?'],
    ['a missing argument', ['explain'], 'Name one error code.'],
  ])('ends with status 2 after %s', async (_what, args, message) => {
    const { err, exitCode, out } = await cli(...args);

    expect(exitCode).toBe(2);
    expect(err).toContain(message);
    expect(out).toBe('');
  });
});

describe('nestjs-dtx at a store', () => {
  const commands = [['transactions'], ['retry', 'x'], ['stop', 'x'], ['accept', 'x']];

  it.each(commands)(
    'refuses the URL of something else, without showing it (%s)',
    async (...args) => {
      const { err, exitCode } = await cli(...args, '--store', 'redis://me:s3cr3t@host/0');

      expect(exitCode).toBe(2);
      expect(err).toContain(
        '--store is "redis://…". The URL of a database begins with postgres://',
      );
      expect(err).not.toContain('s3cr3t');
    },
  );

  it.each(
    commands.flatMap((args) => [
      [args, 'postgres://me:s3cr3t@127.0.0.1:1/db'],
      [args, 'postgres://me:s3cr3t@127.0.0.1:1/s3cr3t'],
      [args, 'postgres://s3cr3t:12/s3cr3t@127.0.0.1/db'],
      [args, 'mysql://me:s3cr3t@127.0.0.1:1/db'],
      [args, 'mysql://me:12/s3cr3t@127.0.0.1/db'],
      [args, 'mysql://me:s3cr3t%@127.0.0.1/db'],
      [args, 'mysql://me:s3cr3t@/db'],
      [args, 'postgres://me@127.0.0.1:1/s3cr3t?password=s3cr3t'],
    ]),
  )('never prints a password: %j %s', async (args, url) => {
    const { err, exitCode, out } = await cli(...args, '--store', url);

    expect(exitCode).toBe(1);
    expect(err).toMatch(/DTX_ERR_(TC_STORE|CONFIG_OPTION)/);
    expect(out + err).not.toContain('s3cr3t');
  });

  it('tells what to do about a database, not about a folder', async () => {
    const { err } = await cli('transactions', '--store', 'postgres://me:x@127.0.0.1:1/db');

    expect(err).toContain('Check that its server runs');
    expect(err).not.toContain('folder');
  });
});

describe('nestjs-dtx explain', () => {
  it.each(['DTX_ERR_TM_ROLLBACK_ONLY', 'dtx_err_tm_rollback_only', 'TM_ROLLBACK_ONLY'])(
    'prints the entry of %s, and nothing of the next one',
    async (code) => {
      const { exitCode, out } = await cli('explain', code);

      expect(exitCode).toBe(0);
      expect(out).toMatch(/^DTX_ERR_TM_ROLLBACK_ONLY\n\nRollbackOnlyError, since 0\.1\.0/);
      expect(out).toMatch(/- Meaning\. .*- Usual causes\. .*- What to do\. /s);
      expect(out).not.toContain('TransactionTimedOutError');
      expect(out).not.toMatch(/[`*#]|\]\(/);
    },
  );

  it('prints the last entry of a section without the heading of the next', async () => {
    const { out } = await cli('explain', 'DTX_ERR_TM_OBSERVABLE');

    expect(out).toContain('ObservableNotDeclaredError');
    expect(out).not.toContain('Resources');
  });

  it('lists the codes when it does not know one', async () => {
    const { err, exitCode } = await cli('explain', 'DTX_ERR_NOTHING');

    expect(exitCode).toBe(1);
    expect(err).toContain('There is no error code "DTX_ERR_NOTHING"');
    expect(err).toContain('  DTX_ERR_RM_LOCK_CONFLICT\n');
  });
});
