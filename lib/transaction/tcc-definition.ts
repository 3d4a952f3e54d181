import { InvalidOptionError } from '../protocol/index.js';

/** A value that the context of an action keeps. */
export interface TccParam {
  /** Of the parameter, from 0. */
  readonly index: number;
  readonly name: string;
  /** Into the parameter: `order.id`. */
  readonly path?: string;
}

/** Options of `@TccAction`, checked. */
export interface TccDefinition {
  readonly name: string;
  readonly confirm: string;
  readonly cancel: string;
  readonly dataSource?: string;
  readonly fence?: false;
  readonly params: readonly TccParam[];
}

const NAME_PATTERN = /^[A-Za-z0-9._/-]{1,128}$/;

/** @throws InvalidOptionError (DTX_ERR_CONFIG_OPTION) */
export function defineTcc(
  given: TccDefinition,
  method: string,
  hasMethod: (name: string) => boolean,
): TccDefinition {
  const { cancel, confirm, dataSource, fence, name, params } = given;
  if (typeof name !== 'string' || !NAME_PATTERN.test(name)) {
    const fix = 'Use 1 to 128 of A-Z, a-z, 0-9, ".", "_", "/", "-".';
    throw new InvalidOptionError({ option: `name of @TccAction of ${method}`, value: name, fix });
  }
  for (const [option, value] of Object.entries({ confirm, cancel })) {
    if (typeof value === 'string' && hasMethod(value)) continue;
    const fix = 'Name a method of the same class.';
    throw new InvalidOptionError({ option: `${option} of @TccAction of ${method}`, value, fix });
  }
  if (fence !== undefined && (fence as unknown) !== false) {
    const fix = 'Use false, or leave it out.';
    throw new InvalidOptionError({ option: `fence of @TccAction of ${method}`, value: fence, fix });
  }
  return Object.freeze({
    name,
    confirm,
    cancel,
    params,
    ...(dataSource !== undefined && { dataSource }),
    ...(fence !== undefined && { fence }),
  });
}

/** @throws InvalidOptionError (DTX_ERR_CONFIG_OPTION) */
export function assertParamName(name: unknown, method: string): void {
  const isName = typeof name === 'string' && /^[A-Za-z_$][\w$]*$/.test(name);
  if (isName && !['__proto__', 'constructor', 'prototype'].includes(name)) return;
  const fix = 'Use a name such as accountId.';
  throw new InvalidOptionError({ option: `name of @TxParam of ${method}`, value: name, fix });
}
