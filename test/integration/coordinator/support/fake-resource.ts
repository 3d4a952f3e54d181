import type {
  BranchHandler,
  BranchOutcome,
  BranchTarget,
  BranchType,
} from '../../../../lib/protocol/index.js';

export interface Call {
  readonly direction: 'commit' | 'rollback';
  readonly targets: readonly BranchTarget[];
}

type Answer = (call: Call) => Promise<readonly BranchOutcome[]>;

const DONE: BranchOutcome = { kind: 'done' };

/** A resource that keeps what it was called with, and answers as the test says. */
export class FakeResource implements BranchHandler {
  readonly calls: Call[] = [];
  #answer: Answer = ({ targets }) => Promise.resolve(targets.map(() => DONE));

  constructor(
    readonly resourceId: string,
    readonly type: BranchType = 'AT',
  ) {}

  /** From now on every target is answered so. */
  answers(outcome: BranchOutcome): void {
    this.#answer = ({ targets }) => Promise.resolve(targets.map(() => outcome));
  }

  answersBy(answer: Answer): void {
    this.#answer = answer;
  }

  /** From now on calls wait until the returned function is called. */
  holds(): () => void {
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    this.#answer = async ({ targets }) => {
      await held;
      return targets.map(() => DONE);
    };
    return () => {
      release();
    };
  }

  /** What it was called with, such as `commit 7` for branch 7. */
  get transcript(): string[] {
    return this.calls.flatMap(({ direction, targets }) =>
      targets.map(({ branchId }) => `${direction} ${branchId}`),
    );
  }

  commitBranches(targets: readonly BranchTarget[]): Promise<readonly BranchOutcome[]> {
    return this.#called({ direction: 'commit', targets });
  }

  rollbackBranches(targets: readonly BranchTarget[]): Promise<readonly BranchOutcome[]> {
    return this.#called({ direction: 'rollback', targets });
  }

  #called(call: Call): Promise<readonly BranchOutcome[]> {
    this.calls.push(call);
    return this.#answer(call);
  }
}
