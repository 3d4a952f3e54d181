import { BranchMode, GlobalTransactional, TransactionManager } from 'nestjs-dtx';
import type { BranchModeName } from 'nestjs-dtx';
import type { AtResourceOptions } from 'nestjs-dtx/pg';

export const mode: BranchModeName = 'XA';
export const options: AtResourceOptions = {
  mode,
  xaSlots: 10,
  xaHorizonMs: 90_000_000,
  xaScanIntervalMs: 30_000,
};

export class Accepted {
  @BranchMode('XA')
  async alone(): Promise<void> {}

  @GlobalTransactional()
  @BranchMode('AT')
  protected async both(): Promise<number> {
    return 1;
  }
}

export const run = (manager: TransactionManager): Promise<number> => manager.inMode('XA', () => 1);

export class Refused {
  // @ts-expect-error it returns nothing that could be waited for
  @BranchMode('XA')
  nothing(): void {}

  // @ts-expect-error TCC is no mode of a local transaction
  @BranchMode('TCC')
  async tcc(): Promise<void> {}
}
