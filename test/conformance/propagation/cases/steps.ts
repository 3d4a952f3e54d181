import { propagateXid } from 'nestjs-dtx';
import type { XidMode, XidModes } from 'nestjs-dtx';
import { firstValueFrom } from 'rxjs';

import type { Seen, Task } from '../receiver.js';
import type { World } from '../world.js';

const WAIT_MS_MAX = 10_000;
const POLL_MS = 5;

/** What a handler sees that nothing was sent to. */
export const NOTHING: Seen = { xid: '', linkedXid: '', application: '' };

export const inTransaction = <T>({ transactions }: World, body: () => Promise<T>): Promise<T> =>
  transactions.run({ name: 'conformance' }, body);

export const ask = (world: World, task: Task, text = ''): Promise<Seen> =>
  firstValueFrom(world.sending.request!({ task, text }));

export const send = (world: World, task: Task, text = '') => world.sending.event!({ task, text });

export async function withModes(
  { sending }: World,
  modes: XidMode | XidModes,
  body: () => Promise<void>,
): Promise<void> {
  propagateXid(sending.client!, modes);
  try {
    await body();
  } finally {
    propagateXid(sending.client!, {});
  }
}

/** What handlers of events have seen since the last call. */
export async function eventsOf({ receiver }: World, count: number): Promise<readonly Seen[]> {
  await until(() => receiver.events.length >= count);
  return receiver.events.splice(0);
}

export async function rowsLike({ here, there }: World, start: string): Promise<readonly string[]> {
  const rows = [...(await here.rows()), ...(await there.rows())];
  return rows.filter((row) => row.startsWith(start)).sort();
}

export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + WAIT_MS_MAX;
  while (!(await condition())) {
    if (Date.now() > deadline)
      throw new Error(`Not within ${String(WAIT_MS_MAX)} ms: ${String(condition)}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** An error as its carrier gives it: not all of them are instances of Error. */
export const textOf = (error: unknown): string =>
  `${JSON.stringify(error)} ${String((error as { message?: unknown } | null)?.message)}`;
