import type { Books } from './books.js';
import { formatCents } from './money.js';
import { COMMITTED, countOutcomes, type Outcome, reasonInWords } from './outcome.js';
import type { RemoteRun } from './remote-run.js';

/** What a run has come to. */
export interface Result {
  readonly malformed: number;
  readonly outcomes: ReadonlyMap<string, Outcome>;
  readonly books: Books;
  /** Orders that this run has placed, as opposed to the one that it has resumed. */
  readonly placed: number;
  readonly seconds: number;
  /** Of a run whose coordinator and services are processes of their own. */
  readonly remote?: RemoteRun;
}

const PROBLEMS_MAX = 10;
const LABEL_LENGTH = 36;
const NUMBER_LENGTH = 14;

/** The report for people. */
export function formatReport(result: Result): string {
  const { books } = result;
  const counts = countOutcomes(result.outcomes.values());
  const reasons = [...counts].filter(([outcome]) => outcome !== COMMITTED);
  const rows: readonly Row[] = [
    ['Orders', result.outcomes.size],
    ['  committed', committedOf(result)],
    ['  rolled back', rolledBackOf(result)],
    ...reasons.map(([reason, count]) => [`    ${reasonInWords(reason)}`, count] as const),
    ...(result.malformed > 0 ? [['  malformed lines, not placed', result.malformed] as const] : []),
    ['Transactions per second', perSecond(result)],
    ...(result.remote ? remoteRows(result.remote) : []),
    [''],
    ['Books', 'units', 'money'],
    ['  in the orders database', books.orderedUnits, formatCents(books.orderedCents)],
    ['  gone from stock and accounts', books.takenUnits, formatCents(books.chargedCents)],
  ];
  return [...rows.map(formatRow), '', ...formatVerdict(books), ''].join('\n');
}

type Row = readonly [label: string, ...values: (string | number | bigint)[]];

function remoteRows({ kills, lost }: RemoteRun): readonly Row[] {
  const killed = Object.entries(kills).filter(([, count]) => count > 0);
  const found = lost.committed + lost.rolledBack;
  if (killed.length === 0 && found === 0) return [];
  return [
    ['Killed with kill -9', killed.reduce((sum, [, count]) => sum + count, 0)],
    ...killed.map(([name, count]) => [`  ${name}`, count] as const),
    ['Answers lost, and found out', found],
    ['  the order was committed', lost.committed],
    ['  it was not, and was placed again', lost.rolledBack],
  ];
}

function formatRow([label, ...values]: Row): string {
  const columns = values.map((value) => String(value).padStart(NUMBER_LENGTH));
  return `  ${label.padEnd(LABEL_LENGTH)}${columns.join('')}`.trimEnd();
}

function formatVerdict({ agree, problems }: Books): readonly string[] {
  if (agree) {
    return [
      '  Books agree: every order is in all three databases or in none of them, to the cent.',
    ];
  }
  const more = problems.length - PROBLEMS_MAX;
  return [
    '  BOOKS DO NOT AGREE',
    ...problems.slice(0, PROBLEMS_MAX).map((problem) => `    ${problem}`),
    ...(more > 0 ? [`    … and ${more} more`] : []),
  ];
}

/** The report for machines: one line of JSON. */
export function formatJson(result: Result): string {
  return JSON.stringify({
    orders: result.outcomes.size,
    committed: committedOf(result),
    rolledBack: rolledBackOf(result),
    malformed: result.malformed,
    booksAgree: result.books.agree,
    txPerSecond: perSecond(result),
    ...(result.remote && remoteJson(result.remote)),
  });
}

const remoteJson = ({ chaos, kills, lost }: RemoteRun): object => ({
  mode: 'remote',
  processes: Object.keys(kills).length,
  chaos: chaos ?? 'none',
  kills,
  lostAnswers: lost,
});

const committedOf = ({ outcomes }: Result): number =>
  countOutcomes(outcomes.values()).get(COMMITTED) ?? 0;

const rolledBackOf = (result: Result): number => result.outcomes.size - committedOf(result);

const perSecond = ({ placed, seconds }: Result): number =>
  placed === 0 ? 0 : Math.round((placed / seconds) * 10) / 10;
