import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

import type { CoordinatorFigures, FromCoordinator, ToCoordinator } from './coordinator-messages.js';

const PROGRAM = fileURLToPath(new URL('../remote-coordinator.js', import.meta.url));

/** A coordinator in another process, which answers what it has used. */
export class CoordinatorProcess {
  readonly #child: ChildProcess;
  #address = '';

  /** @param place `memory`, or the file of its SQLite store */
  static async start(place: string): Promise<CoordinatorProcess> {
    const started = new CoordinatorProcess(place);
    const { address } = await started.#hear('ready');
    started.#address = address;
    return started;
  }

  private constructor(place: string) {
    const stdio = ['ignore', 'inherit', 'inherit', 'ipc'] as const;
    this.#child = fork(PROGRAM, [place], { stdio: [...stdio] });
  }

  get url(): string {
    return `dtx://${this.#address}`;
  }

  async figures(): Promise<CoordinatorFigures> {
    const heard = this.#hear('figures');
    this.#tell({ ask: 'figures' });
    return (await heard).figures;
  }

  /** Resolves when so many transactions have ended. */
  async ended(count: number): Promise<void> {
    const heard = this.#hear('ended');
    this.#tell({ ask: 'ended', count });
    await heard;
  }

  async stop(): Promise<void> {
    const gone = once(this.#child, 'exit');
    this.#child.disconnect();
    await gone;
  }

  #tell(message: ToCoordinator): void {
    this.#child.send(message);
  }

  #hear<K extends FromCoordinator['kind']>(
    kind: K,
  ): Promise<Extract<FromCoordinator, { readonly kind: K }>> {
    return new Promise((resolve, reject) => {
      const onExit = (): void => {
        reject(new Error('The process of the coordinator has ended.'));
      };
      const onMessage = (message: FromCoordinator): void => {
        if (message.kind !== kind) return;
        this.#child.off('message', onMessage).off('exit', onExit);
        resolve(message as Extract<FromCoordinator, { readonly kind: K }>);
      };
      this.#child.on('message', onMessage).once('exit', onExit);
    });
  }
}
