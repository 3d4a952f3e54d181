import { GlobalTransactional, annotatedMethodsOf } from '../../../lib/decorators/index.js';

const methodsOf = (type: { readonly prototype: object }): readonly string[] =>
  annotatedMethodsOf(type.prototype).definitions.map(({ method }) => method);

class Base {
  @GlobalTransactional()
  async place(): Promise<void> {}

  @GlobalTransactional()
  async cancel(): Promise<void> {}

  async read(): Promise<void> {}
}

class Heir extends Base {}

class Annotated extends Base {
  @GlobalTransactional({ name: 'other' })
  override async place(): Promise<void> {}
}

class Forgetful extends Base {
  override async place(): Promise<void> {}
}

class Repentant extends Forgetful {
  @GlobalTransactional()
  override async place(): Promise<void> {}
}

describe('annotatedMethodsOf', () => {
  it('finds annotated methods and no others', () => {
    expect(methodsOf(Base)).toEqual(['Base.place', 'Base.cancel']);
  });

  it('finds inherited methods under the name of the class that declares them', () => {
    expect(methodsOf(Heir)).toEqual(['Base.place', 'Base.cancel']);
  });

  it('takes the annotation of an override in place of the inherited one', () => {
    expect(methodsOf(Annotated)).toEqual(['Annotated.place', 'Base.cancel']);
    expect(annotatedMethodsOf(Annotated.prototype).overridden).toEqual([]);
  });

  it('tells of an override that has lost the annotation', () => {
    const { definitions, overridden } = annotatedMethodsOf(Forgetful.prototype);

    expect(definitions.map(({ method }) => method)).toEqual(['Base.cancel']);
    expect(overridden).toEqual([
      {
        method: 'Forgetful.place',
        definition: expect.objectContaining({ method: 'Base.place' }) as unknown,
      },
    ]);
  });

  it('counts a method that is annotated again further down', () => {
    expect(methodsOf(Repentant)).toEqual(['Base.cancel', 'Repentant.place']);
  });

  it('finds the annotation behind another decorator that replaces the method', () => {
    const replace = (_target: object, _key: string, descriptor: PropertyDescriptor): void => {
      descriptor.value = () => Promise.resolve();
    };
    class Cached {
      @replace
      @GlobalTransactional()
      async place(): Promise<void> {}
    }

    expect(methodsOf(Cached)).toEqual(['Cached.place']);
  });
});
