import { operateAsVisitor, visitStore } from '../coordinator/index.js';
import type { GlobalSummary, OperatorAction } from '../protocol/index.js';
import { NAMESPACE_DEFAULT } from '../protocol/index.js';
import { systemClock } from '../system/index.js';
import type { Command } from './command.interface.js';
import { printable, printableLines } from './printable.js';
import { atStore } from './store-option.js';

/** What each order is good for, in the words of its help. */
const PURPOSES: Readonly<Record<OperatorAction, { summary: string; purpose: string }>> = {
  retry: {
    summary: 'try phase two of a decided transaction again at once',
    purpose: `Tries phase two of the unfinished branches again at once, also of those that need
attention, and counts the attempts anew.`,
  },
  stop: {
    summary: 'stop trying to finish branches of a decided transaction',
    purpose: `Stops the retries: the branches need attention from then on.`,
  },
  accept: {
    summary: 'leave branches of a decided transaction as they are',
    purpose: `Counts the branches as finished and leaves their data as it is. What the decision
asked for is not done there: put it right yourself first.`,
  },
};

/** The command that gives this order in the store of a coordinator. */
export function operateCommand(action: OperatorAction): Command {
  const { purpose, summary } = PURPOSES[action];
  const help = `Usage: nestjs-dtx ${action} XID [BRANCH_ID] [options]

${purpose}
May be used while the application runs: it takes effect within about a second.

Options:
  --store STORE      file or database URL of the coordinator (default $DTX_STORE_URL, or
                     .dtx/coordinator.db); \${NAME} in a URL stands for a variable of
                     the environment
  --namespace NAME   namespace of the transaction (default ${NAMESPACE_DEFAULT})
  --json             print JSON
  -h, --help         show this help
`;
  return {
    summary,
    help,
    options: {
      store: { type: 'string' },
      namespace: { type: 'string', default: NAMESPACE_DEFAULT },
      json: { type: 'boolean' },
    },
    async run({ positionals, values }, host) {
      const [xid, branchId, unknown] = positionals;
      if (xid === undefined || unknown !== undefined) {
        host.err(help);
        return 2;
      }
      return atStore(values, host, async (location) => {
        const store = await visitStore(location);
        try {
          const visit = { store, clock: systemClock, namespace: String(values['namespace']) };
          const request = { xid, action, ...(branchId !== undefined && { branchId }) };
          const summary = await operateAsVisitor(visit, request);
          host.out(values['json'] === true ? asJson(summary) : asText(summary));
        } finally {
          await store.close();
        }
      });
    },
  };
}

const asJson = (summary: GlobalSummary): string => printableLines(`${JSON.stringify(summary)}\n`);

function asText({ branches, status, xid }: GlobalSummary): string {
  const lines = branches.map(
    ({ branchId, resourceId, status: branchStatus, type }) =>
      `  ${printable(`${branchId} ${type} ${resourceId} ${branchStatus}`)}\n`,
  );
  return `${printable(xid)} ${status}\n${lines.join('')}`;
}
