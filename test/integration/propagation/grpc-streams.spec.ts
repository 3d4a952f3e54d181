import 'reflect-metadata';
import { once } from 'node:events';

import * as grpc from '@grpc/grpc-js';
import { fromJSON } from '@grpc/proto-loader';
import { Controller, Module, UseInterceptors } from '@nestjs/common';
import type { CallHandler, INestMicroservice, NestInterceptor } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { GrpcMethod, GrpcStreamCall, GrpcStreamMethod, Transport } from '@nestjs/microservices';
import { NEVER, Observable, concat, map, mergeMap, of, timer, toArray } from 'rxjs';

import {
  DtxModule,
  TransactionManager,
  currentTransaction,
  currentXid,
  dtxGrpcInterceptor,
} from '../../../lib/index.js';
import type { GlobalTransaction } from '../../../lib/index.js';
import { freePort } from '../../conformance/propagation/carriers/tcp.carrier.js';
import { until } from '../../support/until.js';

/** A word from the client, and the xid that the server heard it in. */
interface Word {
  readonly text: string;
}

const word = { requestType: 'Word', responseType: 'Word', comment: '' };
const both = { ...word, requestStream: true, responseStream: true };
const many = { ...word, requestStream: true };

const packageDefinition = fromJSON(
  {
    nested: {
      words: {
        nested: {
          Word: { fields: { text: { type: 'string', id: 1 } } },
          Words: {
            methods: {
              Echo: both,
              Collect: many,
              PassEcho: both,
              PassCollect: many,
              Watch: { ...word, responseStream: true },
            },
          },
        },
      },
    },
  },
  { defaults: true },
);

/** The part of the last call, as its handler saw it. */
let part: GlobalTransaction | undefined;

const seen = (): Word => {
  part = currentTransaction();
  return { text: currentXid() ?? 'none' };
};

/** Work of which nothing is left, but which counts as work. */
const work = (): void => {
  currentTransaction()?.enter('Some work')();
};

class Slow implements NestInterceptor {
  intercept(_context: unknown, next: CallHandler): Observable<unknown> {
    return timer(1).pipe(mergeMap(() => next.handle()));
  }
}

@Controller()
class WordsController {
  @GrpcStreamMethod('Words', 'Echo')
  @UseInterceptors(Slow)
  echo(words: Observable<Word>): Observable<Word> {
    return new Observable((answers) =>
      // All three callbacks, as many still write it.
      words.subscribe({
        next: () => {
          answers.next(seen());
        },
        complete: () => {
          answers.next(seen());
          answers.complete();
        },
      }),
    );
  }

  @GrpcStreamMethod('Words', 'Collect')
  collect(words: Observable<Word>): Observable<Word> {
    return words.pipe(
      map(({ text }) => `${text} in ${seen().text}`),
      toArray(),
      map((texts) => ({ text: texts.join(', ') })),
    );
  }

  @GrpcStreamCall('Words', 'PassEcho')
  passEcho(call: grpc.ServerDuplexStream<Word, Word>): void {
    const own = seen();
    call.on('data', () => call.write(own));
    call.on('end', () => {
      call.write({ text: part?.isActive === true ? own.text : 'ended too early' });
      call.end();
    });
  }

  @GrpcStreamCall('Words', 'PassCollect')
  async passCollect(
    call: grpc.ServerReadableStream<Word, Word>,
    callback: grpc.sendUnaryData<Word>,
  ): Promise<void> {
    for await (const { text } of call as AsyncIterable<Word>) {
      seen();
      work();
      if (text === 'fail') callback(new Error('failed in passing'));
      else callback(null, seen());
    }
  }

  @GrpcMethod('Words', 'Watch')
  watch({ text }: Word): Observable<Word> {
    if (text === 'work') work();
    return concat(of(seen()), NEVER);
  }
}

@Module({
  imports: [DtxModule.forRoot({ applicationId: 'words', coordinator: { store: ':memory:' } })],
  controllers: [WordsController],
})
class WordsModule {}

type Client = grpc.Client &
  Record<string, (...args: unknown[]) => grpc.ClientDuplexStream<Word, Word>>;

let app: INestMicroservice;
let manager: TransactionManager;
let client: Client;

beforeAll(async () => {
  const url = `127.0.0.1:${String(await freePort())}`;
  app = await NestFactory.createMicroservice(WordsModule, {
    transport: Transport.GRPC,
    options: { url, package: 'words', packageDefinition },
    logger: false,
  });
  await app.listen();
  manager = app.get(TransactionManager);
  const { words } = grpc.loadPackageDefinition(packageDefinition) as unknown as {
    words: { Words: new (...args: unknown[]) => Client };
  };
  client = new words.Words(url, grpc.credentials.createInsecure(), {
    interceptors: [dtxGrpcInterceptor()],
  });
});
afterAll(async () => {
  client.close();
  await app.close();
});

const inTransaction = <T>(body: (xid: string) => Promise<T>): Promise<T> =>
  manager.run({ name: 'words' }, () => body(currentXid() ?? ''));

/** Says the words, and hears what comes until the end. */
async function talk(method: string, ...texts: string[]): Promise<readonly string[]> {
  const call = client[method]!();
  for (const text of texts) call.write({ text });
  call.end();
  const heard: string[] = [];
  for await (const { text } of call as AsyncIterable<Word>) heard.push(text);
  return heard;
}

/** Says the words, and waits for the one answer. */
function ask(method: string, metadata: grpc.Metadata, ...texts: string[]): Promise<Word> {
  return new Promise((resolve, reject) => {
    const call = client[method]!(metadata, (error: Error | null, answer: Word) => {
      if (error === null) resolve(answer);
      else reject(error);
    });
    for (const text of texts) call.write({ text });
    call.end();
  });
}

describe('a stream of gRPC', () => {
  it.each(['Echo', 'PassEcho'])('%s both ways is in the transaction to its end', async (method) => {
    const [xid, heard] = await inTransaction(async (own) => [own, await talk(method, 'a', 'b')]);
    expect(new Set(heard)).toEqual(new Set([xid]));
    expect(heard.length).toBeGreaterThanOrEqual(2);
    await until(() => part?.isActive === false);
  });

  it('outside of transactions is in none', async () => {
    expect(await talk('Echo', 'a')).toEqual(['none', 'none']);
  });

  it('of requests hears all of them in the transaction', async () => {
    const answer = await inTransaction(async (xid) => {
      const { text } = await ask('Collect', new grpc.Metadata(), 'a', 'b');
      return text.replaceAll(xid, 'own');
    });
    expect(answer).toBe('a in own, b in own');
    expect(part?.isActive).toBe(false);
  });

  it('of requests that is passed through lasts until its answer', async () => {
    const [xid, answer] = await inTransaction(async (own) => [
      own,
      await ask('PassCollect', new grpc.Metadata(), 'a'),
    ]);
    expect(answer).toEqual({ text: xid });
    expect(part?.isActive).toBe(false);
  });

  it('that answers an error by its callback marks the transaction first', async () => {
    const swallowed = inTransaction(() =>
      ask('PassCollect', new grpc.Metadata(), 'fail').catch(() => undefined),
    );
    await expect(swallowed).rejects.toMatchObject({ code: 'DTX_ERR_TM_ROLLBACK_ONLY' });
  });

  it('that its client gives up is no part of the transaction any more', async () => {
    await inTransaction(async () => {
      const call = client['Watch']!({ text: 'a' });
      call.on('error', () => undefined);
      await once(call, 'data');
      expect(part?.isActive).toBe(true);
      call.cancel();
      await until(() => part?.isActive === false);
    });
  });
});

describe('a call of gRPC that its client gives up after work was done', () => {
  it('marks the transaction, which would commit a half otherwise', async () => {
    const swallowed = inTransaction(async () => {
      const call = client['Watch']!({ text: 'work' });
      call.on('error', () => undefined);
      await once(call, 'data');
      call.cancel();
      await until(() => part?.isActive === false);
    });

    await expect(swallowed).rejects.toMatchObject({ code: 'DTX_ERR_TM_ROLLBACK_ONLY' });
  });
});

describe('a malformed xid on a stream of gRPC', () => {
  const metadata = new grpc.Metadata();
  metadata.set('tx_xid', 'not an xid');

  const refusal = {
    code: grpc.status.INVALID_ARGUMENT,
    details: expect.stringMatching(/^\[DTX_ERR_BAD_XID\] "not an xid" is not an xid/) as string,
  };

  it.each(['Collect', 'PassCollect'])('is refused by %s', async (method) => {
    await expect(ask(method, metadata, 'a')).rejects.toMatchObject(refusal);
  });

  it.each(['Echo', 'PassEcho'])('is refused by %s', async (method) => {
    const call = client[method]!(metadata);
    const [error] = (await once(call.resume(), 'error')) as [unknown];
    expect(error).toMatchObject(refusal);
  });

  it('is refused by Watch', async () => {
    const call = client['Watch']!({ text: 'a' }, metadata);
    const [error] = (await once(call.resume(), 'error')) as [unknown];
    expect(error).toMatchObject(refusal);
  });
});
