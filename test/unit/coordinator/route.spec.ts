import { HERE } from '../../../lib/coordinator/participants/index.js';
import type { Origin } from '../../../lib/coordinator/participants/index.js';
import type { BranchPlace } from '../../../lib/coordinator/participants/route.js';
import { candidatesFor } from '../../../lib/coordinator/participants/route.js';

const AT: BranchPlace = { type: 'AT', applicationId: 'stock', instanceId: 'stock-1' };
const TCC: BranchPlace = { ...AT, type: 'TCC' };

const itself = instance('stock', 'stock-1');
const sibling = instance('stock', 'stock-2');
const stranger = instance('report', 'report-1');

function instance(applicationId: string, instanceId: string, isLeaving = false) {
  return { origin: { applicationId, instanceId } as Origin, isLeaving };
}

describe('Phase two of a branch', () => {
  it('goes to the instance that did phase one, then to its application, then to any', () => {
    expect(candidatesFor(AT, [stranger, sibling, itself])).toEqual([itself, sibling, stranger]);
  });

  it.each(['AT', 'XA'] as const)('of %s may be finished by any with the resource', (type) => {
    expect(candidatesFor({ ...AT, type }, [stranger])).toEqual([stranger]);
  });

  it.each(['TCC', 'SAGA'] as const)('of %s waits for its own application', (type) => {
    expect(candidatesFor({ ...AT, type }, [stranger])).toEqual([]);
    expect(candidatesFor({ ...AT, type }, [stranger, sibling])).toEqual([sibling]);
  });

  it('goes to one that leaves only where nobody stays', () => {
    const leaving = instance('stock', 'stock-1', true);

    expect(candidatesFor(TCC, [leaving, sibling])).toEqual([sibling]);
    expect(candidatesFor(AT, [leaving, stranger])).toEqual([stranger]);
    expect(candidatesFor(TCC, [leaving])).toEqual([leaving]);
  });

  it('goes to whoever is in the process of an embedded coordinator', () => {
    const embedded = { origin: HERE, isLeaving: false };

    expect(candidatesFor({ ...TCC, instanceId: undefined }, [embedded])).toEqual([embedded]);
  });
});
