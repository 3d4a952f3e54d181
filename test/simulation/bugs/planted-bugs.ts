import type { Patch, PlantedBug } from './planted-bug.js';

const BATCH_WRITER = 'coordinator/worker/batch-writer.js';
const APPLIES =
  'const answers = commands.length === 0 ? NOTHING_WRITTEN : await this.#apply(commands);';

/** Sends phase two out first, and writes the decision down then. */
const EFFECTS_FIRST = `
for (const { live, decision } of batch) {
  if (decision?.change?.kind !== 'decide') continue;
  const { session } = live;
  live.session = decision.change.after;
  for (const effect of decision.effects) live.observer.effect(live, effect);
  live.session = session;
}
${APPLIES}`;

const COMPARES = 'found?.version !== before?.version || found?.epoch !== before?.epoch';

/** What stands is not compared when a decision is written. */
const DECISION_WITHOUT_CAS: readonly Patch[] = [
  {
    file: 'coordinator/store/memory/memory-session.store.js',
    find: COMPARES,
    replace: `after.decidedAtMs === before?.decidedAtMs && (${COMPARES})`,
  },
  {
    file: 'coordinator/store/sqlite/statements.js',
    find: 'WHERE id = ? AND version = ? AND epoch = ?',
    replace: 'WHERE id = ? AND ? + ? > 0',
  },
];

/** Takes "nobody knows" for "it was not done". */
const AMBIGUOUS_AS_FAILURE: readonly Patch[] = [
  {
    file: BATCH_WRITER,
    find: `else {
                request.live.isDoubtful = true;`,
    replace: `else if (answer?.kind === 'failed') {
                request.live.isDoubtful = true;`,
  },
  {
    file: BATCH_WRITER,
    find: `else if (answer?.kind === 'failed') {
            caller`,
    replace: `else if (answer?.kind === 'failed' || answer?.kind === 'unknown') {
            caller`,
  },
];

/** Mistakes that coordinators and participants have been found to make. */
export const PLANTED_BUGS: readonly PlantedBug[] = [
  {
    name: 'phase-two-before-decision',
    what: 'phase two starts before the decision is durable',
    seenBy: ['DURABLE'],
    patches: [{ file: BATCH_WRITER, find: APPLIES, replace: EFFECTS_FIRST }],
  },
  {
    name: 'decision-without-cas',
    what: 'a decision is written whatever stands by then',
    seenBy: ['DECISION', 'EPOCH'],
    patches: DECISION_WITHOUT_CAS,
  },
  {
    name: 'ambiguous-taken-as-failure',
    what: 'a lost answer of the store counts as a failed write',
    seenBy: ['PROMISE'],
    patches: AMBIGUOUS_AS_FAILURE,
  },
  {
    name: 'no-hanging-guard',
    what: 'phase one takes effect behind phase two',
    seenBy: ['HANGING', 'LEAK'],
    guards: { hanging: false },
  },
  {
    name: 'phase-two-not-idempotent',
    what: 'a repeated call of phase two takes effect again',
    seenBy: ['TWICE'],
    guards: { idempotence: false },
  },
  {
    name: 'ended-before-answers',
    what: 'a transaction ends before its branches have answered',
    seenBy: ['ATOMICITY'],
    patches: [
      {
        file: 'coordinator/core/session.js',
        find: 'registered: false',
        replace: 'registered: true',
      },
    ],
  },
  {
    name: 'register-not-fenced',
    what: 'a branch may join behind the decision',
    seenBy: ['TRANSITION', 'ATOMICITY'],
    patches: [
      {
        file: 'coordinator/core/branches.js',
        find: "if (session.status !== 'active') {",
        replace: 'if (false) {',
      },
    ],
  },
  {
    name: 'take-over-keeps-epoch',
    what: 'who takes a session over cannot be told from who had it before',
    seenBy: ['EPOCH'],
    patches: [
      {
        file: 'coordinator/store/memory/memory-session.store.js',
        find: 'epoch: session.epoch + 1',
        replace: 'epoch: session.epoch',
      },
      {
        file: 'coordinator/store/sqlite/statements.js',
        find: 'epoch = epoch + 1',
        replace: 'epoch = epoch',
      },
    ],
  },
  {
    name: 'time-out-forgotten',
    what: 'nobody looks when the time of a transaction is up',
    seenBy: ['LIVENESS'],
    patches: [
      {
        file: 'coordinator/worker/timeout-watch.js',
        find: 'this.#deps.onDue(live)',
        replace: 'void live',
      },
    ],
  },
];
