import type { CanActivate } from '@nestjs/common';
import { Injectable } from '@nestjs/common';
import { GlobalTransactional, currentTransaction, currentXid, linkedXid } from 'nestjs-dtx';
import type { GlobalTransaction } from 'nestjs-dtx';
import { Observable, concatMap, from, of, range } from 'rxjs';

import type { Ledger } from './ledger.js';

/** What a receiver is asked to do. */
export type Task = 'look' | 'write' | 'write-and-fail' | 'fail' | 'refuse' | 'leak';

export interface Call {
  readonly task: Task;
  /** What to write. */
  readonly text: string;
}

/** What a handler has seen around itself. */
export interface Seen {
  readonly xid: string;
  readonly linkedXid: string;
  /** Of whose transaction manager. */
  readonly application: string;
}

/** How many values a stream has. */
export const STREAM_LENGTH = 3;

class Refusal extends Error {}

/** What the handlers of every carrier do. */
export class Receiver {
  /** What handlers of events have seen. */
  readonly events: Seen[] = [];
  /** What the guard has seen of the last message. */
  guarded: Seen | undefined;
  /** The part of the last message that left something running. */
  leakedPart: GlobalTransaction | undefined;
  /** What became of it: the code of its error, if it has one. */
  leaked: Promise<unknown> | undefined;
  /** Lets what was left running go on. */
  goOn: () => void = () => undefined;
  readonly #ledger: Ledger;

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  async handle({ task, text }: Call): Promise<Seen> {
    // A handler that has waited is in the same context as one that has not.
    await Promise.resolve();
    if (task === 'refuse') return this.refuse(text);
    if (task === 'leak') this.#leak(text);
    if (task.startsWith('write')) await this.#ledger.write(text);
    if (task.endsWith('fail')) throw new Error(`${text} failed`);
    return look();
  }

  stream({ task, text }: Call): Observable<Seen> {
    return range(1, STREAM_LENGTH).pipe(
      concatMap((index) => {
        if (index < STREAM_LENGTH || !task.endsWith('fail')) {
          return from(this.handle({ task: 'write', text: `${text} ${String(index)}` }));
        }
        return from(this.handle({ task: 'fail', text }));
      }),
    );
  }

  handleEvent(call: Call): Observable<Seen> {
    const handled = from(this.handle(call));
    return handled.pipe(
      concatMap((seen) => {
        this.events.push(seen);
        return of(seen);
      }),
    );
  }

  @GlobalTransactional({ noRollbackFor: [Refusal] })
  async refuse(text: string): Promise<Seen> {
    await this.#ledger.write(text);
    throw new Refusal(`${text} is refused`);
  }

  #leak(text: string): void {
    const gate = new Promise<void>((resolve) => {
      this.goOn = resolve;
    });
    this.leakedPart = currentTransaction();
    const codeOf = (error: unknown): unknown => (error as { code?: unknown }).code;
    this.leaked = gate.then(() => this.#ledger.write(text)).catch(codeOf);
  }
}

/** Guards run before everything else that an application can put around a handler. */
@Injectable()
export class SeeingGuard implements CanActivate {
  constructor(private readonly receiver: Receiver) {}

  canActivate(): boolean {
    this.receiver.guarded = look();
    return true;
  }
}

function look(): Seen {
  return {
    xid: currentXid() ?? '',
    linkedXid: linkedXid() ?? '',
    application: currentTransaction()?.manager.applicationId ?? '',
  };
}
