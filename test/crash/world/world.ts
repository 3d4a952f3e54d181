import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Pool as MysqlPool } from 'mysql2/promise';
import type pg from 'pg';

import { findFreePorts } from '../../../sample/support/free-ports.js';
import type { FaultProxy } from '../../support/fault-proxy.js';
import { openFaultProxy } from '../../support/fault-proxy.js';
import type { ActorSettings, BranchMode, Role } from '../process/messages.js';
import { Actor, Spares } from './actor.js';
import type { KillableServer } from './servers.js';
import {
  TABLES,
  killableMariadb,
  killablePostgres,
  mariadbPoolOf,
  poolOf,
  removeFolder,
} from './servers.js';

export type Mode = 'at' | 'tcc' | 'xa' | 'mixed';

/** Between whom a relay stands: whoever calls comes first. */
export type Wire = 'C-T' | 'P1-T' | 'P2-T' | 'C-P1' | 'C-P2' | 'P1-D1' | 'P2-D2';

const BRANCH_MODES: Readonly<Record<Mode, readonly [BranchMode, BranchMode]>> = {
  at: ['AT', 'AT'],
  xa: ['XA', 'XA'],
  mixed: ['AT', 'XA'],
  tcc: ['AT', 'AT'],
};

const SPARES = 2;

/** Four processes, three database servers, and a relay on each wire between them. */
export interface World {
  readonly actors: Readonly<Record<Role, Actor>>;
  readonly wires: Readonly<Record<Wire, FaultProxy>>;
  readonly left: pg.Pool;
  readonly right: MysqlPool;
  /** Of the coordinator where it keeps its records in a database. */
  readonly storePool: pg.Pool;
  readonly servers: Readonly<Record<'D1' | 'D2' | 'S', KillableServer>>;
  /** Where the coordinator keeps its records by default. */
  readonly storeFile: string;
  /** Where it keeps them now. */
  readonly store: () => 'file' | 'database';
  /** Starts the coordinator again on its other store. */
  useStore(which: 'file' | 'database'): Promise<void>;
  close(): Promise<void>;
}

export async function openWorld(mode: Mode, lib: string): Promise<World> {
  const folder = await mkdtemp(join(tmpdir(), 'dtx-crash-'));
  const spares = new Spares(lib, SPARES + 4);
  const [D1, D2, S] = await Promise.all([
    killablePostgres(folder, 'business'),
    killableMariadb(folder),
    killablePostgres(folder, 'store'),
  ]);
  const servers = { D1, D2, S };
  const left = poolOf(D1.url);
  const right = mariadbPoolOf(D2.url);
  const storePool = poolOf(S.url);
  for (const statement of TABLES) await left.query(statement);
  for (const statement of TABLES) await right.query(`${statement} ENGINE=InnoDB`);
  const [portT = 0, port1 = 0, port2 = 0] = await findFreePorts(3);
  const wires = {
    'C-T': await openFaultProxy(portT),
    'P1-T': await openFaultProxy(portT),
    'P2-T': await openFaultProxy(portT),
    'C-P1': await openFaultProxy(port1),
    'C-P2': await openFaultProxy(port2),
    'P1-D1': await openFaultProxy(D1.port),
    'P2-D2': await openFaultProxy(D2.port),
  };
  const storeFile = join(folder, 'coordinator.db');
  const [mode1, mode2] = BRANCH_MODES[mode];
  const coordinatorVia = (wire: Wire): string => `dtx://127.0.0.1:${String(wires[wire].port)}`;
  const serviceVia = (wire: Wire): string => `http://127.0.0.1:${String(wires[wire].port)}`;
  const actor = (settings: ActorSettings): Actor => new Actor(settings, spares);
  const participant = (role: 'P1' | 'P2', port: number, url: string, branchMode: BranchMode) =>
    actor({
      role,
      port,
      mode: branchMode,
      coordinatorUrl: coordinatorVia(`${role}-T`),
      databaseUrl: relayed(url, wires[role === 'P1' ? 'P1-D1' : 'P2-D2'].port),
    });
  const actors = {
    T: actor({ role: 'T', port: portT, store: storeFile }),
    P1: participant('P1', port1, D1.url, mode1),
    P2: participant('P2', port2, D2.url, mode2),
    C: actor({
      role: 'C',
      port: 0,
      coordinatorUrl: coordinatorVia('C-T'),
      participantUrls: [serviceVia('C-P1'), serviceVia('C-P2')],
    }),
  };
  let store: 'file' | 'database' = 'file';
  await actors.T.start();
  await Promise.all([actors.P1.start(), actors.P2.start(), actors.C.start()]);
  return {
    actors,
    wires,
    left,
    right,
    storePool,
    servers,
    storeFile,
    store: () => store,
    async useStore(which) {
      if (store === which) return;
      store = which;
      actors.T.kill();
      actors.T.settings = {
        ...actors.T.settings,
        store: which === 'file' ? storeFile : S.url,
      };
      await actors.T.start();
    },
    async close() {
      spares.close();
      for (const one of Object.values(actors)) one.kill();
      await Promise.all(Object.values(wires).map((wire) => wire.close()));
      await Promise.all([left.end(), right.end(), storePool.end()]);
      await Promise.all([D1.stop(), D2.stop(), S.stop()]);
      await removeFolder(folder);
    },
  };
}

function relayed(url: string, port: number): string {
  const address = new URL(url);
  address.port = String(port);
  return address.href;
}
