/**
 * Distributed transactions for NestJS.
 *
 * One annotation puts several services and databases into one global transaction: when the method
 * fulfils, all of them keep what they have written; when it throws, all of them get back what they
 * had before.
 *
 * ```ts
 * import { Controller, Injectable, Module, Param, Post } from '@nestjs/common';
 * import { NestFactory } from '@nestjs/core';
 * import { InjectRepository, TypeOrmModule } from '@nestjs/typeorm';
 * import { DtxModule, GlobalTransactional } from 'nestjs-dtx';
 * import { withDtx } from 'nestjs-dtx/typeorm';
 * import { Column, Entity, PrimaryGeneratedColumn, Repository } from 'typeorm';
 *
 * @Entity()
 * class Order {
 *   @PrimaryGeneratedColumn() id!: number;
 *   @Column() sku!: string;
 * }
 *
 * @Injectable()
 * class OrderService {
 *   constructor(@InjectRepository(Order) private readonly orders: Repository<Order>) {}
 *
 *   @GlobalTransactional()
 *   async place(sku: string): Promise<void> {
 *     await this.orders.insert({ sku });
 *     const stock = await fetch(`http://stock:3000/deduct/${sku}`, { method: 'POST' });
 *     if (!stock.ok) throw new Error(`${sku} is out of stock`); // the order is gone, too
 *   }
 * }
 *
 * @Controller('orders')
 * class OrderController {
 *   constructor(private readonly orders: OrderService) {}
 *
 *   @Post(':sku')
 *   async place(@Param('sku') sku: string): Promise<void> {
 *     await this.orders.place(sku);
 *   }
 * }
 *
 * @Module({
 *   imports: [
 *     DtxModule.forRoot({ applicationId: 'order-service' }),
 *     TypeOrmModule.forRoot(
 *       withDtx(
 *         { type: 'postgres', url: process.env['DATABASE_URL'], entities: [Order] },
 *         { resourceId: 'orders' },
 *       ),
 *     ),
 *     TypeOrmModule.forFeature([Order]),
 *   ],
 *   controllers: [OrderController],
 *   providers: [OrderService],
 * })
 * class AppModule {}
 *
 * const app = await NestFactory.create(AppModule);
 * app.enableShutdownHooks();
 * await app.listen(3000);
 * ```
 *
 * @packageDocumentation
 */
export {
  BranchMode,
  GlobalLock,
  GlobalTransactional,
  TccAction,
  TxParam,
} from './decorators/index.js';
export type {
  GlobalLockOptions,
  GlobalTransactionalOptions,
  TccActionOptions,
  TransactionalMethod,
} from './decorators/index.js';
export { TccContext, currentTccContext } from './resource/tcc/index.js';
export type { TccValue } from './resource/tcc/index.js';
export { DtxModule } from './modules/index.js';
export type {
  CoordinatorStoreOptions,
  DtxCoordinatorOptions,
  DtxModuleOptions,
  DtxPatienceOptions,
  DtxTlsOptions,
} from './modules/index.js';
export { dtxGrpcInterceptor, propagateXid } from './propagation/index.js';
export type {
  DtxGrpcInterceptor,
  DtxGrpcInterceptorOptions,
  HttpPropagationOptions,
  MessagingOptions,
  XidMode,
  XidModes,
} from './propagation/index.js';
export {
  AtInstallError,
  BadBranchIdError,
  BadFrameError,
  BadXidError,
  BranchModeError,
  BranchStillOpenError,
  CoordinatorClosedError,
  CoordinatorUnreachableError,
  CredentialRefusedError,
  DtxError,
  DuplicateResourceError,
  FencedError,
  GlobalNotActiveError,
  InsecureListenError,
  InvalidOptionError,
  LocalCommitRefusedError,
  ConnectionWaitError,
  LocalTransactionOpenError,
  LockConflictError,
  MemoryStoreRefusedError,
  MissingPeerError,
  NestedNotSupportedError,
  NotLauncherError,
  ObservableNotDeclaredError,
  OperationRefusedError,
  OutcomeUnknownError,
  Propagation,
  ProtocolVersionError,
  ProtocolViolationError,
  ResourceExhaustedError,
  ResourceNotStartedError,
  RollbackOnlyError,
  SchemaTooNewError,
  SchemaTooOldError,
  SessionContendedError,
  SessionUnreadableError,
  StatementRefusedError,
  StoreInUseError,
  StoreUnavailableError,
  TableNotCoveredError,
  TccContextError,
  TccFenceInstallError,
  TccOutsideTransactionError,
  TccSecondLocalTransactionError,
  TransactionFinishedError,
  TransactionLimitError,
  TransactionNotAllowedError,
  TransactionRequiredError,
  TransactionRolledBackError,
  TransactionTimedOutError,
  UnknownWordError,
  UnsupportedMethodError,
  XaSlotsError,
  XaUnavailableError,
} from './protocol/index.js';
export type {
  BranchStatus,
  BranchSummary,
  BranchType,
  GlobalStatus,
  GlobalSummary,
  RollbackReason,
} from './protocol/index.js';
export {
  GlobalTransaction,
  TransactionManager,
  currentTransaction,
  currentXid,
  linkedXid,
} from './transaction/index.js';
export type {
  BranchModeName,
  FailureHandler,
  GlobalTransactionRole,
  LockOptions,
  LockWaitOptions,
  RollbackRule,
  TransactionHook,
  TransactionHooks,
  TransactionInfo,
  TransactionOptions,
} from './transaction/index.js';
