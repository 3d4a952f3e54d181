import { readFile } from 'node:fs/promises';

import { type Options, UsageError } from './options.js';
import { type OrdersFile, parseOrders } from './orders-file.js';
import { type RunInput, sha256 } from './run-folder.js';

/** npm runs us in the root of the checkout. */
const OUR_ORDERS = 'sample/01-quickstart/orders.csv';

/** The orders of a run, and how to know them again. */
export interface Input extends OrdersFile {
  readonly source: RunInput;
}

/**
 * Reads the file that the options name; without one, that of the earlier run; else ours.
 *
 * @throws UsageError
 */
export async function readInput(
  { input }: Pick<Options, 'input'>,
  earlier: RunInput | undefined,
): Promise<Input> {
  const file = input ?? earlier?.file ?? OUR_ORDERS;
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new UsageError(`The orders cannot be read: ${(error as Error).message}`);
  });
  return { source: { file, sha256: sha256(text) }, ...parseOrders(text) };
}
