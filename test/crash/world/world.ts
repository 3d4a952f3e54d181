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
  killableMariadb,
  killablePostgres,
  mariadbPoolOf,
  poolOf,
  removeFolder,
  tablesOf,
} from './servers.js';

export type Mode = 'at' | 'tcc' | 'xa' | 'mixed';

/** Between whom a relay stands: whoever calls comes first. */
export type Wire = 'C-T' | 'P1-T' | 'P2-T' | 'C-P1' | 'C-P2' | 'P1-D1' | 'P2-D2';

/** The branches of a transfer at each participant, in their order. */
export type BranchModes = Readonly<Record<'P1' | 'P2', readonly BranchMode[]>>;

const BRANCH_MODES: Readonly<Record<Mode, BranchModes>> = {
  at: { P1: ['AT'], P2: ['AT'] },
  tcc: { P1: ['TCC'], P2: ['TCC'] },
  xa: { P1: ['XA'], P2: ['XA'] },
  mixed: { P1: ['AT', 'TCC'], P2: ['XA'] },
};

const SPARES = 2;

/** Four processes, three database servers, and a relay on each wire between them. */
export interface World {
  readonly modes: BranchModes;
  readonly actors: Readonly<Record<Role, Actor>>;
  /** Second instances, which stand by until a case starts them; the coordinator's is on S. */
  readonly twins: Readonly<Record<Exclude<Role, 'C'>, Actor>>;
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
  for (const text of tablesOf('bigserial')) await left.query(text);
  for (const text of tablesOf('bigint AUTO_INCREMENT')) await right.query(`${text} ENGINE=InnoDB`);
  const ports = await findFreePorts(6);
  const [portT = 0, port1 = 0, port2 = 0, twinT = 0, twin1 = 0, twin2 = 0] = ports;
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
  const modes = BRANCH_MODES[mode];
  const coordinatorVia = (wire: Wire): string => `dtx://127.0.0.1:${String(wires[wire].port)}`;
  const serviceVia = (wire: Wire): string => `http://127.0.0.1:${String(wires[wire].port)}`;
  const actor = (settings: ActorSettings): Actor => new Actor(settings, spares);
  const participant = (role: 'P1' | 'P2', port: number, url: string): Actor =>
    actor({
      role,
      port,
      modes: modes[role],
      coordinatorUrl: coordinatorVia(`${role}-T`),
      databaseUrl: relayed(url, wires[role === 'P1' ? 'P1-D1' : 'P2-D2'].port),
    });
  const actors = {
    T: actor({ role: 'T', port: portT, store: storeFile }),
    P1: participant('P1', port1, D1.url),
    P2: participant('P2', port2, D2.url),
    C: actor({
      role: 'C',
      port: 0,
      coordinatorUrl: coordinatorVia('C-T'),
      participantUrls: [serviceVia('C-P1'), serviceVia('C-P2')],
    }),
  };
  const twins = {
    T: actor({ role: 'T', port: twinT, store: S.url }),
    P1: participant('P1', twin1, D1.url),
    P2: participant('P2', twin2, D2.url),
  };
  let store: 'file' | 'database' = 'file';
  await actors.T.start();
  await Promise.all([actors.P1.start(), actors.P2.start(), actors.C.start()]);
  return {
    modes,
    actors,
    twins,
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
      for (const one of [...Object.values(actors), ...Object.values(twins)]) one.kill();
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
