import { composeInterceptors } from '../../../lib/interceptors/index.js';
import type { MethodDefinition, MethodInterceptor } from '../../../lib/interceptors/index.js';
import { defineTransaction } from '../../../lib/transaction/index.js';

const definition: MethodDefinition = {
  method: 'OrderService.place',
  isObservable: false,
  transaction: defineTransaction({}, 'OrderService.place'),
};

const labelled = (label: string, seen: string[]): MethodInterceptor => ({
  intercept(given, proceed) {
    seen.push(`${label} before ${given.method}`);
    const result = proceed();
    seen.push(`${label} after`);
    return result;
  },
});

describe('composeInterceptors', () => {
  it('runs the first interceptor outermost and the method innermost', () => {
    const seen: string[] = [];
    const chain = composeInterceptors([labelled('a', seen), labelled('b', seen)]);

    const result = chain.intercept(definition, () => {
      seen.push('method');
      return 42;
    }, []);

    expect(result).toBe(42);
    expect(seen).toEqual([
      'a before OrderService.place',
      'b before OrderService.place',
      'method',
      'b after',
      'a after',
    ]);
  });

  it('adds nothing to a chain of one', () => {
    const only = labelled('a', []);

    expect(composeInterceptors([only])).toBe(only);
  });

  it('lets an interceptor keep the method from running', () => {
    const seen: string[] = [];
    const refusing: MethodInterceptor = { intercept: () => 'refused' };

    const result = composeInterceptors([refusing, labelled('b', seen)]).intercept(
      definition,
      () => 'ran',
      [],
    );

    expect(result).toBe('refused');
    expect(seen).toEqual([]);
  });
});
