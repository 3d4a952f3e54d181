import { TccAction, TxParam, currentTccContext } from 'nestjs-dtx';
import type { TccContext } from 'nestjs-dtx';

interface Freeze {
  accountId: string;
  amount: number;
}

export class Accepted {
  @TccAction({ name: 'account.freeze', confirm: 'take', cancel: 'free' })
  async freeze(
    @TxParam<Freeze>('accountId', 'id') account: { id: string },
    @TxParam<Freeze>('amount') amount: number,
  ): Promise<{ holdId: string }> {
    currentTccContext()?.note('amount', amount);
    return { holdId: account.id };
  }

  async take({ params }: TccContext<Freeze>): Promise<void> {
    params.accountId satisfies string;
  }

  free(context: TccContext<Freeze>): void {
    context.notes.get('amount');
  }

  async wrong(context: TccContext<Freeze>): Promise<void> {
    // @ts-expect-error the context has no such parameter
    context.params.nobody;
  }
}

export class Refused {
  // @ts-expect-error there is no method of this name to confirm it
  @TccAction({ name: 'a', confirm: 'tke', cancel: 'free' })
  async wrongConfirm(): Promise<void> {}

  // @ts-expect-error there is no method of this name to cancel it
  @TccAction({ name: 'b', confirm: 'take', cancel: 'fre' })
  async wrongCancel(): Promise<void> {}

  // @ts-expect-error a try that is not async could not be waited for
  @TccAction({ name: 'c', confirm: 'take', cancel: 'free' })
  notAsync(): void {}

  // @ts-expect-error it does not take a context
  @TccAction({ name: 'd', confirm: 'takeNumber', cancel: 'free' })
  async wrongContext(): Promise<void> {}

  @TccAction({ name: 'e', confirm: 'take', cancel: 'free' })
  // @ts-expect-error the context has no such parameter
  async wrongParam(@TxParam<Freeze>('acountId') accountId: string): Promise<void> {
    void accountId;
  }

  async take(_context: TccContext<Freeze>): Promise<void> {}
  async free(_context: TccContext<Freeze>): Promise<void> {}
  async takeNumber(_context: number): Promise<void> {}
}
