import type { SessionWrite } from '../../../lib/coordinator/store/merge-changes.js';
import type { SqlDatabase, SqlEngine } from '../../../lib/coordinator/store/sql/index.js';
import { SqlTrouble } from '../../../lib/coordinator/store/sql/index.js';
import type { TroubleKind } from '../../../lib/coordinator/store/sql/index.js';
import { writeEach } from '../../../lib/coordinator/store/sql/write-each.js';
import { session } from './sessions.js';

const DATABASE = {} as SqlDatabase;

/** An engine that meets trouble with certain sessions, and records what it was asked to write. */
function engineWith(troubles: Readonly<Record<string, TroubleKind | 'stale'>>) {
  const transcript: string[] = [];
  const engine = {
    async write(_database: SqlDatabase, writes: readonly SessionWrite[]) {
      const xids = writes.map(({ after }) => after.xid);
      transcript.push(xids.join(' '));
      const [kind] = xids.map((xid) => troubles[xid]).filter((met) => met !== 'stale' && met);
      if (kind !== undefined && kind !== 'stale') {
        throw new SqlTrouble('no', { kind, cause: undefined });
      }
      return xids.map((xid) => troubles[xid] !== 'stale');
    },
  } as Partial<SqlEngine> as SqlEngine;
  return { engine, transcript };
}

const writesOf = (...xids: readonly string[]): SessionWrite[] =>
  xids.map((xid, place) => ({ before: undefined, after: session({ xid }), places: [place] }));

const words = (written: readonly (string | { kind: string })[]): string[] =>
  written.map((one) => (typeof one === 'string' ? one : one.kind));

describe('A batch for a database', () => {
  it('is written at once', async () => {
    const { engine, transcript } = engineWith({ b: 'stale' });

    expect(words(await writeEach(engine, DATABASE, writesOf('a', 'b', 'c')))).toEqual([
      'held',
      'stale',
      'held',
    ]);
    expect(transcript).toEqual(['a b c']);
  });

  it('is written one by one when the server refuses it', async () => {
    const { engine, transcript } = engineWith({ b: 'refused', c: 'stale' });

    expect(words(await writeEach(engine, DATABASE, writesOf('a', 'b', 'c')))).toEqual([
      'held',
      'failed',
      'stale',
    ]);
    expect(transcript).toEqual(['a b c', 'a', 'b', 'c']);
  });

  it.each([
    ['unknown', 'unknown'],
    ['unavailable', 'failed'],
  ] as const)('is given up when it is %s', async (kind, answer) => {
    const { engine, transcript } = engineWith({ b: kind });

    expect(words(await writeEach(engine, DATABASE, writesOf('a', 'b')))).toEqual([answer, answer]);
    expect(transcript).toEqual(['a b']);
  });

  it.each(['unknown', 'unavailable'] as const)(
    'is given up in the middle when the server becomes %s: the rest was never sent',
    async (kind) => {
      const transcript: string[] = [];
      const engine = {
        async write(_database: SqlDatabase, writes: readonly SessionWrite[]) {
          transcript.push(writes.map(({ after }) => after.xid).join(' '));
          const met = ({ 1: 'refused', 3: kind } as const)[transcript.length];
          if (met !== undefined) throw new SqlTrouble('no', { kind: met, cause: undefined });
          return writes.map(() => true);
        },
      } as Partial<SqlEngine> as SqlEngine;

      const written = await writeEach(engine, DATABASE, writesOf('a', 'b', 'c', 'd'));

      const second = kind === 'unknown' ? 'unknown' : 'failed';
      expect(words(written)).toEqual(['held', second, 'failed', 'failed']);
      expect(transcript).toEqual(['a b c d', 'a', 'b']);
    },
  );

  it('is unknown after an error that no adapter has made', async () => {
    const engine = {
      write: () => Promise.reject(new TypeError('a bug')),
    } as Partial<SqlEngine> as SqlEngine;

    expect(words(await writeEach(engine, DATABASE, writesOf('a')))).toEqual(['unknown']);
  });
});
