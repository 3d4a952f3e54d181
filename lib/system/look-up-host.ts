import { lookup } from 'node:dns/promises';

/** All addresses of a host name, as the operating system knows them. */
export async function lookUpHost(host: string): Promise<readonly string[]> {
  const found = await lookup(host, { all: true });
  return [...new Set(found.map(({ address }) => address))];
}
