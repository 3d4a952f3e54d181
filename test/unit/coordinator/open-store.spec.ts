import { existsSync } from 'node:fs';

import type { StoreLocation } from '../../../lib/coordinator/index.js';
import { identityOfStore, openStore } from '../../../lib/coordinator/index.js';

const inProduction = { isProduction: true };

describe('A store that forgets everything', () => {
  it.each<StoreLocation>([':memory:', { engine: 'memory' }])(
    'is refused in production: %j',
    async (location) => {
      await expect(openStore(location, inProduction)).rejects.toThrow(
        /DTX_ERR_TC_MEMORY_STORE.*engine: 'memory', inProduction: true/,
      );
    },
  );

  it('is opened there when that is what was meant', async () => {
    const store = await openStore({ engine: 'memory', inProduction: true }, inProduction);

    expect(store).toMatchObject({ place: ':memory:', isShared: false });
  });

  it('is opened everywhere else', async () => {
    const store = await openStore(':memory:', { isProduction: false });

    expect(store.place).toBe(':memory:');
  });

  it.each<StoreLocation>([':memory:', { engine: 'memory' }])(
    'is shared with nobody: %j',
    (location) => {
      expect(identityOfStore(location)).toBeUndefined();
    },
  );
});

describe('The database of a data source', () => {
  it('has to be one that a coordinator can use', async () => {
    const dataSource = { options: { type: 'mongodb' } };

    const opening = openStore({ dataSource } as unknown as StoreLocation, inProduction);

    await expect(opening).rejects.toThrow(
      'coordinator.store.dataSource is "mongodb". Use a data source for postgres, mysql or mariadb',
    );
  });
});

describe('The URL of something that is no store', () => {
  it.each(['redis://me:s3cr3t@host/0', 'postgres:/me:s3cr3t@host/db'])(
    'is refused, and no file gets its name: %s',
    async (location) => {
      const opening = openStore(location, inProduction);

      await expect(opening).rejects.toThrow('coordinator.store is');
      await expect(opening).rejects.not.toThrow('s3cr3t');
      expect(() => identityOfStore(location)).toThrow('DTX_ERR_CONFIG_OPTION');
      expect(existsSync(location.split('/', 1).join())).toBe(false);
    },
  );
});
