import type { NodeConnection } from './node-connection.js';
import type { RemoteCall } from './remote-call.js';

/**
 * The unanswered calls of one transaction, in the order in which they were made. As long as a node
 * has some of them, no other one gets any: there they would overtake these.
 */
export class CallLane {
  readonly calls: RemoteCall[] = [];
  /** Where they are. */
  connection: NodeConnection | undefined;
  /** How many of them a connection has; the others come behind. */
  assignedCount = 0;

  constructor(readonly xid: string) {}

  assign(call: RemoteCall, connection: NodeConnection): void {
    this.connection = connection;
    this.assignedCount += 1;
    call.isAssigned = true;
    connection.send(call);
  }

  unassign(call: RemoteCall): void {
    if (!call.isAssigned) return;
    call.isAssigned = false;
    this.assignedCount -= 1;
  }

  remove(call: RemoteCall): void {
    this.unassign(call);
    if (this.calls[0] === call) this.calls.shift();
    else this.calls.splice(this.calls.indexOf(call), 1);
  }
}
