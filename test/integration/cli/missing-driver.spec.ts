import { cli } from './at-cli.js';

const missing = (name: string) => (): never => {
  throw new Error(`Cannot find module '${name}'`);
};

describe('nestjs-dtx where the driver of the database is not installed', () => {
  it.each([
    ['pg', 'postgres://me@h/db'],
    ['mysql2', 'mariadb://me@h/db'],
    ['better-sqlite3', 'sqlite:shop.db'],
  ])('names %s and the command', async (driver, url) => {
    jest.doMock(driver, missing(driver));

    const { err, exitCode } = await cli(['at', 'status', '--database', url]);

    expect(exitCode).toBe(1);
    expect(err).toContain(`needs the package "${driver}", which could not be loaded.`);
    expect(err).toContain(`"npm install ${driver}"`);
  });
});
