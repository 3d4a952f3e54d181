import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import { type ProcessSettings, SupervisedProcess } from './supervised-process.js';

/** A process, without what the group knows. */
export type MemberSettings = Omit<ProcessSettings, 'logFile' | 'onFailure'>;

/** Processes that stand and fall together. */
export class ProcessGroup {
  readonly #logFolder: string;
  readonly #members: SupervisedProcess[] = [];
  readonly #failure = new AbortController();

  /** @param logFolder holds what each process prints, in a file of its name */
  constructor(logFolder: string) {
    this.#logFolder = logFolder;
  }

  /** Aborted with an error as soon as one of them cannot go on. */
  get failed(): AbortSignal {
    return this.#failure.signal;
  }

  get members(): readonly SupervisedProcess[] {
    return this.#members;
  }

  /** Resolves when all of these take requests. */
  async start(settings: readonly MemberSettings[]): Promise<void> {
    await mkdir(this.#logFolder, { recursive: true });
    const added = settings.map((member) => this.#add(member));
    await Promise.all(added.map((member) => member.start()));
  }

  /** @throws Error when there is none of that name */
  get(name: string): SupervisedProcess {
    const member = this.#members.find((candidate) => candidate.name === name);
    if (member) return member;
    throw new Error(`There is no process ${name}.`);
  }

  /**
   * Stops them, the last one first. All of them, also when one does not end as it should.
   *
   * @throws Error of the first that did not
   */
  async close(): Promise<void> {
    const errors: unknown[] = [];
    for (const member of this.#members.toReversed()) {
      await member.stop().catch((error: unknown) => errors.push(error));
    }
    if (errors.length > 0) throw errors[0];
  }

  #add(settings: MemberSettings): SupervisedProcess {
    const member = new SupervisedProcess({
      ...settings,
      logFile: join(this.#logFolder, `${settings.name}.log`),
      onFailure: (error) => {
        this.#failure.abort(error);
      },
    });
    this.#members.push(member);
    return member;
  }
}
