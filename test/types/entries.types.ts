import * as dtx from 'nestjs-dtx';
import { dtxPool } from 'nestjs-dtx/pg';
import { DtxTestingModule } from 'nestjs-dtx/testing';
import { withDtx } from 'nestjs-dtx/typeorm';

export const entries = [dtx.DtxModule, dtxPool, DtxTestingModule, withDtx];

// Optional parts are reached by their subpath only, so that nobody loads an ORM in passing.
// @ts-expect-error TS2339: no such name
export const { withDtx: notHere } = dtx;
