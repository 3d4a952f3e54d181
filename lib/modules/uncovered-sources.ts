import { resourceOf } from '../resource/index.js';

/** A provider of the application, and what it has given. */
export interface NamedInstance {
  readonly name: string;
  readonly instance: unknown;
}

type Fields = Readonly<Record<string, unknown>>;

/** A kind of data source, known by its shape: none of the packages need be installed. */
interface SourceKind {
  readonly what: string;
  readonly fits: (source: Fields) => boolean;
  /** What leads to the resource, if it is covered. */
  readonly behind: (source: Fields) => unknown;
  readonly fix: string;
}

const POOL_METHODS = ['connect', 'query', 'end'];

const KINDS: readonly SourceKind[] = [
  {
    what: 'a TypeORM data source',
    fits: (source) =>
      hasFunctions(source, ['createQueryRunner', 'getRepository']) &&
      COVERED_TYPES.has(fieldsOf(source['options'])['type']),
    behind: (source) => source,
    fix: 'Wrap its options: withDtx({ … }) from nestjs-dtx/typeorm.',
  },
  {
    what: 'a pg pool',
    fits: isPgPool,
    behind: (source) => source,
    fix: 'Wrap it: dtxPool(new Pool({ … })) from nestjs-dtx/pg.',
  },
  {
    what: 'a Drizzle database over a pg pool',
    fits: (source) => isPgPool(fieldsOf(source['$client'])),
    behind: (source) => source['$client'],
    fix: 'Give it a pool that is wrapped: dtxPool(new Pool({ … })) from nestjs-dtx/pg.',
  },
  {
    what: 'a Knex instance on PostgreSQL',
    fits: (source) =>
      hasFunctions(source, ['raw', 'transaction', 'destroy']) &&
      fieldsOf(source['client'])['dialect'] === 'postgresql',
    behind: (source) => fieldsOf(source['client'])['driver'],
    fix: 'Write through a pool that is wrapped: dtxPool(new Pool({ … })) from nestjs-dtx/pg.',
  },
];

/** Types of TypeORM that AT covers. */
const COVERED_TYPES: ReadonlySet<unknown> = new Set(['postgres']);

function isPgPool(source: Fields): boolean {
  return hasFunctions(source, POOL_METHODS) && typeof source['waitingCount'] === 'number';
}

/**
 * Finds data sources that could take part in global transactions, and do not. Kysely keeps its pool
 * to itself, so it is not among them; the pool is, where a provider gives it.
 *
 * @param isIgnored whether nobody wants to hear of it
 * @returns one sentence each, with what to do
 */
export function uncoveredSources(
  providers: readonly NamedInstance[],
  isIgnored: (provider: NamedInstance) => boolean,
): readonly string[] {
  const warnings = new Map<unknown, string>();
  for (const provider of providers) {
    const { instance, name } = provider;
    const kind = kindOf(instance);
    if (kind === undefined || warnings.has(instance) || isIgnored(provider)) continue;
    warnings.set(
      instance,
      `${name} is ${kind.what} that takes no part in global transactions: what is written ` +
        `through it stays when they roll back. ${kind.fix} If that is meant, name it in the ` +
        `DtxModule option ignoredSources: ['${name}'].`,
    );
  }
  return [...warnings.values()];
}

function kindOf(instance: unknown): SourceKind | undefined {
  const fields = fieldsOf(instance);
  try {
    const kind = KINDS.find(({ fits }) => fits(fields));
    return kind !== undefined && resourceOf(kind.behind(fields)) === undefined ? kind : undefined;
  } catch {
    // A lazy proxy or a getter that throws is somebody else's object.
    return undefined;
  }
}

/** Knex and Drizzle give functions and proxies. */
function fieldsOf(value: unknown): Fields {
  const isHolder = (typeof value === 'object' && value !== null) || typeof value === 'function';
  return isHolder ? (value as unknown as Fields) : {};
}

const hasFunctions = (source: Fields, names: readonly string[]): boolean =>
  names.every((name) => typeof source[name] === 'function');
