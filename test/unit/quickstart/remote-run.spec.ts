import { describeRemote } from '../../../sample/01-quickstart/remote-run.js';
import {
  perProcess,
  type ProcessName,
  type RemoteServices,
} from '../../../sample/01-quickstart/remote-services.js';

const LOST = { committed: 1, rolledBack: 2 };

const killed = (kills: Partial<Record<ProcessName, number>>): RemoteServices =>
  ({ processes: perProcess((name) => ({ kills: kills[name] ?? 0 })) }) as unknown as RemoteServices;

describe('what a run with processes of its own adds to the result', () => {
  it('is who was killed how often, and what became of lost answers', () => {
    expect(describeRemote(killed({ order: 2, stock: 1 }), LOST, 'services')).toEqual({
      chaos: 'services',
      kills: { coordinator: 0, order: 2, stock: 1, account: 0 },
      lost: LOST,
    });
  });

  it('needs no kills where none were asked for', () => {
    expect(describeRemote(killed({}), LOST, undefined)).toEqual({
      kills: { coordinator: 0, order: 0, stock: 0, account: 0 },
      lost: LOST,
    });
  });

  it('is a failure when the orders were placed before enough processes were killed', () => {
    expect(() => describeRemote(killed({ coordinator: 2 }), LOST, 'coordinator')).toThrow(
      'The orders were placed before 3 processes had been killed. Place more of them.',
    );
  });
});
