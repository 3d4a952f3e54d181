import * as dtx from 'nestjs-dtx';
import { CoordinatorModule, CoordinatorServer } from 'nestjs-dtx/coordinator';
import { dtxMysqlPool } from 'nestjs-dtx/mysql2';
import { dtxPool } from 'nestjs-dtx/pg';
import { DtxTestingModule } from 'nestjs-dtx/testing';
import { withDtx } from 'nestjs-dtx/typeorm';

export const entries = [
  dtx.DtxModule,
  CoordinatorModule,
  CoordinatorServer,
  dtxMysqlPool,
  dtxPool,
  DtxTestingModule,
  withDtx,
];

// Optional parts are reached by their subpath only, so that nobody loads an ORM in passing.
// @ts-expect-error TS2339: no such name
export const { withDtx: notHere } = dtx;
