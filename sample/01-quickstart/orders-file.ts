import { parse } from 'csv-parse/sync';

import { UsageError } from './options.js';

/** One line of the file. */
export interface OrderLine {
  readonly order: string;
  readonly customer: string;
  readonly product: string;
  readonly quantity: number;
  /** Quantity times price, in cents: money is never a fraction of a binary number. */
  readonly amountCents: number;
  readonly note: string;
}

/** A line that is no order. */
export interface MalformedLine {
  readonly line: number;
  readonly reason: string;
}

/** What a file holds. */
export interface OrdersFile {
  readonly orders: readonly OrderLine[];
  readonly malformed: readonly MalformedLine[];
}

const REQUIRED = ['order', 'customer', 'product', 'quantity', 'unit_price'] as const;
const TEXT_LENGTH_MAX = 100;
const QUANTITY_MAX = 10_000;

/**
 * Reads orders from CSV text. A line that is no order is reported, and the others are read.
 *
 * @throws UsageError when the first line is not a header with our columns
 */
export function parseOrders(text: string): OrdersFile {
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  const columns = parseHeader(lines[0] ?? '');
  const orders = new Map<string, OrderLine>();
  const malformed: MalformedLine[] = [];
  for (const [index, line] of lines.entries()) {
    if (index === 0 || line.trim() === '') continue;
    try {
      const order = parseOrder(parseLine(line), columns);
      // A number that comes twice is most likely one order that was entered twice.
      if (orders.has(order.order)) throw new Error(`order ${order.order} was there before`);
      orders.set(order.order, order);
    } catch (error) {
      malformed.push({ line: index + 1, reason: (error as Error).message });
    }
  }
  return { orders: [...orders.values()], malformed };
}

function parseHeader(line: string): readonly string[] {
  const columns = parseLine(line).map((column) => column.toLowerCase());
  const missing = REQUIRED.filter((column) => !columns.includes(column));
  if (missing.length === 0) return columns;
  throw new UsageError(
    `The first line of the file must name the columns ${REQUIRED.join(', ')}; ` +
      `missing: ${missing.join(', ')}.`,
  );
}

/** Line by line, so that a quote that is never closed spoils its own line and no other. */
function parseLine(line: string): readonly string[] {
  try {
    return parse(line, { trim: true })[0] ?? [];
  } catch (cause) {
    throw new Error('a double quote is not closed, or stands inside a value', { cause });
  }
}

function parseOrder(values: readonly string[], columns: readonly string[]): OrderLine {
  if (values.length !== columns.length) {
    throw new Error(`${values.length} values where the header has ${columns.length} columns`);
  }
  const value = (column: string): string => values[columns.indexOf(column)] ?? '';
  const quantity = parseQuantity(value('quantity'));
  return {
    order: parseText('order', value('order')),
    customer: parseText('customer', value('customer')),
    product: parseText('product', value('product')),
    quantity,
    amountCents: quantity * parseCents(value('unit_price')),
    note: value('note') && parseText('note', value('note')),
  };
}

function parseText(column: string, text: string): string {
  if (text === '') throw new Error(`${column} is empty`);
  if (text.length > TEXT_LENGTH_MAX) throw new Error(`${column} is longer than ${TEXT_LENGTH_MAX}`);
  if (/\p{Cc}/u.test(text)) throw new Error(`${column} holds a control character`);
  return text;
}

function parseQuantity(text: string): number {
  const quantity = Number(text);
  if (/^\d+$/.test(text) && quantity >= 1 && quantity <= QUANTITY_MAX) return quantity;
  throw new Error(`quantity "${text}" is not a whole number from 1 to ${QUANTITY_MAX}`);
}

function parseCents(text: string): number {
  const [, whole, fraction = ''] = /^(\d{1,7})(?:\.(\d{1,2}))?$/.exec(text) ?? [];
  const cents = Number(whole) * 100 + Number(fraction.padEnd(2, '0'));
  if (cents > 0) return cents;
  throw new Error(`unit_price "${text}" is not an amount such as 12.50, above zero`);
}
