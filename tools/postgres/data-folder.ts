import { execFile } from 'node:child_process';
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import {
  access,
  chmod,
  chown,
  mkdir,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';

import { canEnter, type ServerUser } from './server-user.js';
import { sharedFolders } from './shared-folder.js';

const run = promisify(execFile);

export const SUPERUSER = 'postgres';
const PASSWORD = 'superuser-password';
const DRAFT = 'draft-';

/**
 * A folder of ours with PostgreSQL's own folder inside it, so that a half-made one can be told from
 * a whole one.
 */
export interface DataFolder {
  readonly folder: string;
  /** What PostgreSQL calls its data directory. */
  readonly cluster: string;
  readonly log: string;
}

/**
 * The place of the data: where it was asked for, or, where the server's user cannot enter that, a
 * folder outside whose name follows from the one asked for. So the next run finds it again.
 */
export async function locateDataFolder(
  requested: string,
  user: ServerUser | undefined,
): Promise<DataFolder> {
  const folder = await reachable(resolve(requested), user);
  await makeFolder(folder);
  // Without symbolic links, as the server reports it.
  return layOut(await realpath(folder));
}

async function reachable(path: string, user: ServerUser | undefined): Promise<string> {
  if (await canEnter(path, user)) return path;
  const [shared = ''] = await sharedFolders(user);
  const name = createHash('sha256').update(path).digest('hex').slice(0, 12);
  return join(shared, `data-${name}`);
}

const layOut = (folder: string): DataFolder => ({
  folder,
  cluster: join(folder, 'cluster'),
  log: join(folder, 'server.log'),
});

/**
 * The owner of an existing cluster, since PostgreSQL starts for nobody else; otherwise the given
 * user.
 */
export async function ownerOf(
  data: DataFolder,
  user: ServerUser | undefined,
): Promise<ServerUser | undefined> {
  if (!user) return undefined;
  const owner = await stat(data.cluster).catch(() => undefined);
  return owner && owner.uid !== 0 ? { uid: owner.uid, gid: owner.gid } : user;
}

interface InitialiseOptions {
  readonly programs: string;
  readonly user: ServerUser | undefined;
  readonly durable: boolean;
}

/**
 * Initialises the cluster unless a whole one is there. Safe to run twice, at once, and after a
 * kill.
 */
export async function initialise(data: DataFolder, options: InitialiseOptions): Promise<void> {
  if (!(await holdsCluster(data))) await createCluster(data, options);

  // What killed attempts left. A rival that is still at work loses its draft here, fails, and finds
  // the cluster.
  const drafts = (await readdir(data.folder)).filter((name) => name.startsWith(DRAFT));
  for (const name of drafts) await discard(join(data.folder, name));
}

/**
 * Makes the cluster under another name: what a killed attempt leaves behind never looks like a
 * whole one.
 */
async function createCluster(data: DataFolder, options: InitialiseOptions): Promise<void> {
  const draft = join(data.folder, `${DRAFT}${randomUUID()}`);
  const password = `${draft}.password`;
  try {
    await mkdir(draft, { mode: 0o700 });
    await writeFile(password, randomBytes(16).toString('hex'), { mode: 0o600 });
    if (options.user) {
      await chown(draft, options.user.uid, options.user.gid);
      await chown(password, options.user.uid, options.user.gid);
    }
    await runInitdb(draft, password, options);
    // Inside the cluster, so that one rename puts both in place: a cluster is never seen without
    // its password.
    await rename(password, join(draft, PASSWORD));
    await rename(draft, data.cluster);
  } catch (error) {
    await discard(draft);
    if (!(await holdsCluster(data))) throw error;
  }
}

const discard = (path: string): Promise<void> =>
  rm(path, { recursive: true, force: true, maxRetries: 3 });

/**
 * mkdir follows the umask, which may be too strict for the server's user; a folder of somebody else
 * stays as it is.
 */
async function makeFolder(folder: string): Promise<void> {
  const first = await mkdir(folder, { recursive: true });
  if (first === undefined) return;
  for (let path = folder; path.length >= first.length; path = dirname(path)) {
    await chmod(path, 0o755);
  }
}

const holdsCluster = (data: DataFolder): Promise<boolean> =>
  access(join(data.cluster, 'PG_VERSION')).then(
    () => true,
    () => false,
  );

async function runInitdb(
  cluster: string,
  password: string,
  options: InitialiseOptions,
): Promise<void> {
  const settings = [
    ['--pgdata', cluster],
    ['--username', SUPERUSER],
    ['--pwfile', password],
    ['--auth', 'scram-sha-256'],
    ['--encoding', 'UTF8'],
    ['--locale', 'C'],
  ].map(([name, value]) => `${String(name)}=${String(value)}`);
  const sync = options.durable ? [] : ['--no-sync'];
  await run(join(options.programs, 'initdb'), [...settings, '--no-instructions', ...sync], {
    ...options.user,
    // The server's user may not be able to enter the folder that we are in.
    cwd: '/',
    env: SERVER_ENVIRONMENT,
  });
}

/** Nothing of ours: variables such as PGOPTIONS or PGDATA would change what the server does. */
export const SERVER_ENVIRONMENT: NodeJS.ProcessEnv = { LC_ALL: 'C', TZ: 'UTC' };

export const readPassword = async (data: DataFolder): Promise<string> =>
  (await readFile(join(data.cluster, PASSWORD), 'utf8')).trim();
