import type { SessionRecord } from './books.js';
import type { Part } from './entries.js';
import { judge } from './judge.js';

const ID = 7;
const XID = 'a'.repeat(40);

const account = (part: Partial<Part> = {}): Part => ({
  role: 'P1',
  mode: 'AT',
  outcome: 'committed',
  balance: 90,
  amount: -10,
  movements: [],
  ...part,
});

const purse = (part: Partial<Part> = {}): Part => ({
  role: 'P2',
  mode: 'TCC',
  outcome: 'committed',
  balance: 110,
  amount: 0,
  movements: ['try', 'confirm'],
  ...part,
});

const session = (status: string, needsAttention = false): SessionRecord => ({
  xid: XID,
  status,
  isEnded: true,
  needsAttention,
  branches: '[]',
});

interface Found {
  readonly parts?: readonly Part[];
  readonly status?: string;
  readonly fences?: readonly string[];
  readonly told?: 'committed' | 'not-committed' | 'unknown';
  readonly expected?: 'committed' | 'rolled-back';
}

/** The words of the violations, of a transfer that has gone well but for what is given. */
function wordsOf(found: Found): readonly string[] {
  const { expected, fences = ['confirmed'], parts = [account(), purse()] } = found;
  const { status = 'committed', told = 'committed' } = found;
  const violations = judge({
    entries: [{ id: ID, parts }],
    sessions: new Map([[ID, session(status)]]),
    fences: new Map([[XID, fences]]),
    told: new Map([[ID, { told, why: '' }]]),
    ...(expected !== undefined && { expected }),
  });
  return violations.map((violation) => violation.split(':')[0] ?? '');
}

const undone = [
  account({ outcome: 'rolled-back', balance: 100, amount: undefined }),
  purse({ outcome: 'rolled-back', balance: 100, movements: ['try', 'cancel'] }),
];

describe('judge', () => {
  it('finds nothing wrong with a transfer that is committed everywhere', () => {
    expect(wordsOf({})).toEqual([]);
  });

  it('finds nothing wrong with one that is undone and cancelled', () => {
    const fences = ['cancelled'];
    expect(
      wordsOf({ parts: undone, status: 'rolled-back', fences, told: 'not-committed' }),
    ).toEqual([]);
  });

  it('sees branches that went two ways', () => {
    expect(wordsOf({ parts: [account(), ...undone.slice(1)] })).toContain('TORN');
  });

  it('sees what is still reserved', () => {
    const parts = [account(), purse({ outcome: undefined, amount: 10, movements: ['try'] })];
    expect(wordsOf({ parts, fences: ['tried'] })).toEqual(['RESERVED', 'EFFECT', 'FENCE', 'TORN']);
  });

  it.each([
    ['a confirm that ran twice', ['try', 'confirm', 'confirm']],
    ['a cancel without its try', ['cancel']],
    ['a confirm without its try', ['confirm']],
    ['a try behind its cancel', ['try', 'cancel', 'try']],
    ['a cancel behind a confirm', ['try', 'confirm', 'cancel']],
  ])('sees %s, whatever is in the purse', (_what, movements) => {
    expect(wordsOf({ parts: [account(), purse({ movements })] })).toContain('EFFECT');
  });

  it('sees fences that say something else than the record', () => {
    expect(wordsOf({ fences: ['cancelled'] })).toEqual(['FENCE']);
  });

  it('sees a branch of a committed transaction that has no fence', () => {
    expect(wordsOf({ fences: [] })).toEqual(['FENCE']);
  });

  it('sees an answer that was not true', () => {
    expect(wordsOf({ told: 'not-committed' })).toEqual(['PROMISE']);
  });

  it('takes "unknown" for true', () => {
    expect(wordsOf({ told: 'unknown' })).toEqual([]);
  });

  it('sees a record that says something else than the databases', () => {
    expect(wordsOf({ status: 'rolled-back', fences: ['cancelled'] })).toEqual(['RECORD']);
  });

  it('sees a decision that was not carried out', () => {
    expect(wordsOf({ expected: 'rolled-back' })).toEqual(['NOT AS DECIDED']);
  });
});
