import { formatCents } from '../../../sample/01-quickstart/money.js';
import { ProgressLine } from '../../../sample/01-quickstart/progress.js';
import { formatJson, formatReport, type Result } from '../../../sample/01-quickstart/report.js';

const result: Result = {
  malformed: 2,
  outcomes: new Map([
    ['A1', 'COMMITTED'],
    ['A2', 'OUT_OF_STOCK'],
    ['A3', 'COMMITTED'],
    ['A4', 'SOMETHING_NEW'],
    ['A5', 'OUT_OF_STOCK'],
  ]),
  books: {
    agree: true,
    problems: [],
    orderedCents: 123_450n,
    chargedCents: 123_450n,
    orderedUnits: 7n,
    takenUnits: 7n,
  },
  placed: 5,
  seconds: 2,
};

describe('the report', () => {
  it('is an aligned table that ends with the verdict', () => {
    expect(formatReport(result)).toBe(`  Orders                                           5
    committed                                      2
    rolled back                                    3
      out of stock                                 2
      SOMETHING_NEW                                1
    malformed lines, not placed                    2
  Transactions per second                        2.5

  Books                                        units         money
    in the orders database                         7      1,234.50
    gone from stock and accounts                   7      1,234.50

  Books agree: every order is in all three databases or in none of them, to the cent.
`);
  });

  it('names what does not agree, the first ten', () => {
    const problems = Array.from({ length: 12 }, (_, index) => `Problem ${index + 1}.`);
    const report = formatReport({ ...result, books: { ...result.books, agree: false, problems } });

    expect(report).toContain('  BOOKS DO NOT AGREE\n    Problem 1.\n');
    expect(report).toContain('    Problem 10.\n    … and 2 more\n');
  });

  it('is one line of JSON for machines', () => {
    expect(formatJson(result)).toBe(
      '{"orders":5,"committed":2,"rolledBack":3,"malformed":2,"booksAgree":true,"txPerSecond":2.5}',
    );
  });
});

describe('the report of a run with processes of their own', () => {
  const remote: Result = {
    ...result,
    remote: {
      chaos: 'services',
      kills: { coordinator: 0, order: 2, stock: 1, account: 1 },
      lost: { committed: 3, rolledBack: 14 },
    },
  };

  it('says who was killed, and what became of lost answers', () => {
    expect(formatReport(remote)).toContain(`  Transactions per second                        2.5
  Killed with kill -9                              4
    order                                          2
    stock                                          1
    account                                        1
  Answers lost, and found out                     17
    the order was committed                        3
    it was not, and was placed again              14
`);
  });

  it('says nothing of that when nobody was killed', () => {
    const kills = { coordinator: 0, order: 0, stock: 0, account: 0 };
    const lost = { committed: 0, rolledBack: 0 };

    expect(formatReport({ ...result, remote: { kills, lost } })).toBe(formatReport(result));
  });

  it('has the same for machines, beside the rest', () => {
    expect(JSON.parse(formatJson(remote))).toEqual({
      ...(JSON.parse(formatJson(result)) as object),
      mode: 'remote',
      processes: 4,
      chaos: 'services',
      kills: { coordinator: 0, order: 2, stock: 1, account: 1 },
      lostAnswers: { committed: 3, rolledBack: 14 },
    });
  });
});

describe('money', () => {
  it.each([
    [0n, '0.00'],
    [7n, '0.07'],
    [-1_234n, '-12.34'],
    [123_456_789n, '1,234,567.89'],
  ])('of %s cents is written %s', (cents, text) => {
    expect(formatCents(cents)).toBe(text);
  });
});

describe('progress', () => {
  const record = (isTTY: boolean, total: number): string => {
    let written = '';
    const write = (text: string): boolean => {
      written += text;
      return true;
    };
    const line = new ProgressLine({ isTTY, write: write });
    for (let done = 1; done <= total; done += 1) line.show({ done, total, committed: done - 1 });
    line.clear();
    return written;
  };

  it('is a plain line for each tenth where the output is no terminal', () => {
    const lines = record(false, 200).trimEnd().split('\n');

    expect(lines).toHaveLength(10);
    expect(lines[0]).toBe('   20 of 200 orders: 19 committed, 1 rolled back');
    expect(lines[9]).toBe('  200 of 200 orders: 199 committed, 1 rolled back');
  });

  it('makes room for a note', () => {
    let written = '';
    const line = new ProgressLine({ isTTY: true, write: (text: string) => !!(written += text) });
    line.show({ done: 1, total: 2, committed: 1 });
    line.note('kill -9 stock (1)');

    expect(written.endsWith('\r\u001B[2K  kill -9 stock (1)\n')).toBe(true);
  });

  it('is one line on a terminal, drawn anew and removed at the end', () => {
    const written = record(true, 200);

    expect(written).not.toContain('\n');
    expect(written).toContain('200 of 200 orders: 199 committed, 1 rolled back');
    expect(written.endsWith('\r\u001B[2K')).toBe(true);
  });
});
