import type {
  BranchOutcome,
  BranchStatus,
  BranchType,
  GlobalStatus,
  RollbackReason,
} from '../index.js';
import { UnknownWordError } from '../errors/index.js';

/**
 * The words of dtx-v1.proto's enums. The place of a word is its number; 0 is "unspecified" and
 * never sent for a word that exists. Words are only ever added, at the end.
 */
const WORDS = {
  branchType: [undefined, 'AT', 'TCC', 'XA', 'SAGA'],
  globalStatus: [
    undefined,
    'active',
    'committing',
    'committed',
    'rolling-back',
    'rolled-back',
    'absent',
  ],
  rollbackReason: [undefined, 'requested', 'rollback-only', 'timeout', 'restart'],
  branchStatus: [undefined, 'registered', 'abandoned', 'done', 'needs-attention', 'accepted'],
  outcomeKind: [undefined, 'done', 'retry', 'cannot'],
  direction: [undefined, 'commit', 'rollback'],
} as const satisfies Record<string, readonly (string | undefined)[]>;

interface Vocabulary {
  readonly branchType: BranchType;
  readonly globalStatus: GlobalStatus | 'absent';
  readonly rollbackReason: RollbackReason;
  readonly branchStatus: BranchStatus;
  readonly outcomeKind: BranchOutcome['kind'];
  readonly direction: 'commit' | 'rollback';
}

type WordNumbers = Readonly<Record<keyof Vocabulary, ReadonlyMap<string | undefined, number>>>;

const NUMBERS = Object.fromEntries(
  Object.entries(WORDS).map(([list, words]) => [
    list,
    new Map(words.map((word, number) => [word, number])),
  ]),
) as Record<string, ReadonlyMap<string | undefined, number>> as WordNumbers;

/** The number of a word; 0 for none. */
export function numberOf<List extends keyof Vocabulary>(
  list: List,
  word: Vocabulary[List] | undefined,
): number {
  return NUMBERS[list].get(word) ?? 0;
}

/**
 * The word of a number.
 *
 * @throws UnknownWordError a newer version has sent a word that this one does not know
 */
export function wordOf<List extends keyof Vocabulary>(
  list: List,
  number: number,
): Vocabulary[List] {
  const word: string | undefined = WORDS[list][number];
  if (word === undefined) throw new UnknownWordError(list, number);
  return word as Vocabulary[List];
}
