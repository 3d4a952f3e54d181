import { Observable, isObservable } from 'rxjs';

import { currentTransaction, linkedXid, runInContext, runLinked } from '../../transaction/index.js';

/** Runs something in a context. */
export type Enter = <T>(body: () => T) => T;

/**
 * The same stream, whose values arrive in a context: a stream of messages brings them in the one of
 * its connection, which may have been opened in another transaction. What else the stream carries
 * stays there.
 */
export function deliveredWithin<T>(stream: Observable<T>, enter: Enter): Observable<T> {
  const delivered = new Observable<T>((subscriber) =>
    stream.subscribe({
      next: (value) => {
        enter(() => {
          subscriber.next(value);
        });
      },
      complete: () => {
        enter(() => {
          subscriber.complete();
        });
      },
      error: (error: unknown) => {
        enter(() => {
          subscriber.error(error);
        });
      },
    }),
  );
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- handlers may use all of its forms
  const subscribe = delivered.subscribe.bind(delivered);
  // Nest's gRPC server hangs a function on the stream that it gives to a handler, and looks for it.
  return Object.create(stream, { subscribe: { value: subscribe } }) as Observable<T>;
}

/** The stream that an answer arrives by, whose values arrive in the context of its subscriber. */
export function answeredWithin(answers: Observable<unknown>): Observable<unknown> {
  return new Observable((subscriber) =>
    deliveredWithin(answers, currentContext()).subscribe(subscriber),
  );
}

/** Runs something later in the context that there is now. */
export function currentContext(): Enter {
  const transaction = currentTransaction();
  const link = linkedXid();
  return (body) => runInContext(transaction, () => runLinked(link, body));
}

/** Runs a handler outside any transaction, with a link or none; its stream, too. */
export function runBeside(link: string | undefined, handler: () => unknown): unknown {
  if (currentTransaction() === undefined && linkedXid() === link) return handler();
  const enter: Enter = (body) => runInContext(undefined, () => runLinked(link, body));
  return streamBeside(enter, handler);
}

async function streamBeside(enter: Enter, handler: () => unknown): Promise<unknown> {
  const result = await enter(async () => await handler());
  if (!isObservable(result)) return result;
  return new Observable((subscriber) => enter(() => result.subscribe(subscriber)));
}
