import { access } from 'node:fs/promises';
import { join } from 'node:path';

import { describeRedis } from '../servers/test-redis.js';
import type { Finished, Run } from '../support/sample-program.js';
import { aliveIn, finished, sampleProgram, says } from '../support/sample-program.js';

jest.setTimeout(180_000);

const { help: explain, start } = sampleProgram('02-microservices');

let help: Finished;

beforeAll(async () => {
  help = await explain();
});

describe('the microservices', () => {
  it('explain themselves', () => {
    expect(help.errors).toBe('');
    expect(help.output).toContain('npm run sample:microservices -- [options]');
    expect(help.exitCode).toBe(0);
  });

  it('place orders over gRPC and TCP, fail for every reason, and the books agree', async () => {
    const run = start('--transport', 'tcp', '--orders', '80', '--json');
    const { exitCode, errors, output, json } = await finished(run);

    expect(errors).toBe('');
    for (const reason of REASONS) expect(output).toContain(reason);
    expect(json).toMatchObject({ transport: 'tcp', processes: 4, orders: 80, booksAgree: true });
    expect(json['committed']).toBeGreaterThan(40);
    expect(json['events']).toBe(json['attempts']);
    expect(exitCode).toBe(0);
    expect(aliveIn(output)).toEqual([]);
    await expect(access(folderOf(run))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('end all their processes when they are interrupted', async () => {
    const run = start('--transport', 'tcp', '--orders', '500');
    await says(run, 'messages from order to payment');
    run.child.kill('SIGINT');
    const { exitCode, output } = await finished(run);

    expect(output).toContain('Interrupted.');
    expect(exitCode).toBe(130);
    expect(aliveIn(output)).toEqual([]);
  });

  it('refuse what they do not know', async () => {
    const { exitCode, errors } = await finished(start('--transport', 'post'));

    expect(errors).toContain('--transport is one of auto, redis, tcp, not post.');
    expect(exitCode).toBe(2);
  });
});

describeRedis('the microservices with Redis', () => {
  it('place orders over gRPC and Redis, and the books agree', async () => {
    const run = start('--transport', 'redis', '--orders', '40', '--json');
    const { exitCode, errors, json } = await finished(run);

    expect(errors).toBe('');
    expect(json).toMatchObject({ transport: 'redis', processes: 4, orders: 40, booksAgree: true });
    expect(json['events']).toBe(json['attempts']);
    expect(exitCode).toBe(0);
  });
});

const REASONS = [
  'out of stock',
  'not enough money',
  'card refused, after the charge',
  'payment threw, after the charge',
];

const folderOf = ({ child }: Run): string => join('.dtx/microservices', String(child.pid));
