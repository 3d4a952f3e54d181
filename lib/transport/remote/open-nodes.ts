import type { NodeConnection } from './node-connection.js';
import { hashOf, weightOf } from './rendezvous.js';

interface OpenNode {
  readonly connection: NodeConnection;
  readonly hash: number;
}

/** The nodes that take calls now. */
export class OpenNodes {
  #nodes: readonly OpenNode[] = [];

  get connections(): readonly NodeConnection[] {
    return this.#nodes.map(({ connection }) => connection);
  }

  get count(): number {
    return this.#nodes.length;
  }

  has(nodeId: string): boolean {
    return this.#nodes.some(({ connection }) => connection.nodeId === nodeId);
  }

  add(connection: NodeConnection): void {
    this.#nodes = [...this.#nodes, { connection, hash: hashOf(connection.nodeId) }];
  }

  remove(connection: NodeConnection): void {
    this.#nodes = this.#nodes.filter((node) => node.connection !== connection);
  }

  /** The same node for everybody who sees the same ones: whoever changes a session owns it. */
  pick(xid: string): NodeConnection | undefined {
    const [first] = this.#nodes;
    if (this.#nodes.length < 2) return first?.connection;
    const keyHash = hashOf(xid);
    let best = first;
    let bestWeight = -1;
    for (const node of this.#nodes) {
      const weight = weightOf(keyHash, node.hash);
      if (weight > bestWeight) {
        best = node;
        bestWeight = weight;
      }
    }
    return best?.connection;
  }
}
