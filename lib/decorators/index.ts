export { annotatedMethodsOf } from './annotated-methods.js';
export type { AnnotatedMethods, OverriddenMethod } from './annotated-methods.js';
export { BranchMode } from './branch-mode.decorator.js';
export { GlobalLock } from './global-lock.decorator.js';
export type { GlobalLockOptions } from './global-lock.decorator.js';
export { TccAction } from './tcc-action.decorator.js';
export type { TccActionOptions } from './tcc-action.decorator.js';
export { TxParam } from './tx-param.decorator.js';
export { GlobalTransactional } from './global-transactional.decorator.js';
export type {
  GlobalTransactionalOptions,
  TransactionalMethod,
} from './global-transactional.decorator.js';
export { fillSlot, hasSlot } from './runtime-slot.js';
export type { Slotted } from './runtime-slot.js';
