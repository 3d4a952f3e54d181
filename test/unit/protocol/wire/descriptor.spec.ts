import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { BranchStatus, BranchType, GlobalStatus } from '../../../../lib/protocol/index.js';
import { BRANCH_TRANSITIONS, SESSION_KINDS } from '../../../../lib/protocol/index.js';
import { DESCRIPTOR } from '../../../../lib/protocol/wire/descriptor.js';
import { toWireResource, toWireSummary } from '../../../../lib/protocol/wire/index.js';

const ROOT = join(__dirname, '../../../..');
const {
  BranchStatus: branchStatus,
  BranchType: branchType,
  GlobalStatus: globalStatus,
} = DESCRIPTOR.nested.dtx.nested.v1.nested;

describe('The description of the messages', () => {
  it('is what the .proto file says: run "npm run proto"', () => {
    const written = execFileSync('node', [join(ROOT, 'scripts/proto.mjs'), '--print'], {
      encoding: 'utf8',
    });

    expect(readFileSync(join(ROOT, 'lib/protocol/wire/descriptor.ts'), 'utf8')).toBe(written);
  });

  it.each<BranchType>(['AT', 'TCC', 'XA', 'SAGA'])('has the branch type %s', (type) => {
    const { type: number } = toWireResource({ resourceId: 'db', type });

    expect(nameOf(branchType.values, number)).toBe(`BRANCH_TYPE_${type}`);
  });

  it.each([...Object.keys(SESSION_KINDS['two-phase'].transitions), 'absent'])(
    'has the status %s of a transaction',
    (status) => {
      const summary = { xid: 'a', status: status as GlobalStatus, branches: [] };

      expect(nameOf(globalStatus.values, toWireSummary(summary, false).status)).toBe(
        `GLOBAL_STATUS_${enumName(status)}`,
      );
    },
  );

  it.each(Object.keys(BRANCH_TRANSITIONS))('has the status %s of a branch', (status) => {
    const branch = { branchId: '1', seq: 1, resourceId: 'db', attempts: 0, type: 'AT' as const };
    const branches = [{ ...branch, status: status as BranchStatus }];
    const summary = { xid: 'a', status: 'active' as const, branches };

    expect(nameOf(branchStatus.values, toWireSummary(summary, false).branches[0]!.status)).toBe(
      `BRANCH_STATUS_${enumName(status)}`,
    );
  });
});

function nameOf(values: Readonly<Record<string, number>>, number: number): string | undefined {
  return Object.keys(values).find((name) => values[name] === number);
}

function enumName(word: string): string {
  return word.toUpperCase().replaceAll('-', '_');
}
