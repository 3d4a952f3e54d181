/** A coordinator in a process of its own, whose memory can be looked at from outside. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import type { NativeServerOptions } from '../../../../lib/coordinator/index.js';
import {
  MemorySessionStore,
  openCoordinator,
  openNativeServer,
} from '../../../../lib/coordinator/index.js';
import { systemClock, systemIds } from '../../../../lib/system/index.js';
import type { NodeReport } from './node-process.js';

const SAMPLE_MS = 10;

const lines: string[] = [];
let rssBytesMax = 0;

async function main(): Promise<void> {
  const write = (line: string): void => {
    lines.push(line);
  };
  const options = JSON.parse(process.argv.at(-1)!) as Partial<NativeServerOptions>;
  const coordinator = await openCoordinator({
    store: new MemorySessionStore(),
    clock: systemClock,
    ids: systemIds,
    servesOthers: true,
  });
  const server = await openNativeServer({
    coordinator,
    listen: 0,
    clock: systemClock,
    ids: systemIds,
    log: { info: write, warn: write, error: write, debug: write },
    ...options,
  });
  setInterval(() => {
    rssBytesMax = Math.max(rssBytesMax, process.memoryUsage.rss());
  }, SAMPLE_MS);
  const reports = createServer((_request, response) => {
    const report: NodeReport = { rssBytesMax, lines: lines.splice(0), stats: server.stats() };
    rssBytesMax = process.memoryUsage.rss();
    response.end(JSON.stringify(report));
  });
  reports.listen(0, '127.0.0.1', () => {
    const { port } = reports.address() as AddressInfo;
    console.log(JSON.stringify({ address: server.address, reportPort: port }));
  });
}

void main();
