import type { NodeConnection } from '../../../lib/transport/remote/node-connection.js';
import { OpenNodes } from '../../../lib/transport/remote/open-nodes.js';
import { hashOf, weightOf } from '../../../lib/transport/remote/rendezvous.js';

const XIDS = Array.from({ length: 3_000 }, (_, index) => `18f2a0c4${String(index)}`);

const connectionTo = (nodeId: string): NodeConnection => ({ nodeId }) as unknown as NodeConnection;

function nodesOf(...nodeIds: string[]): OpenNodes {
  const nodes = new OpenNodes();
  for (const nodeId of nodeIds) nodes.add(connectionTo(nodeId));
  return nodes;
}

const placesOf = (nodes: OpenNodes): string[] => XIDS.map((xid) => nodes.pick(xid)!.nodeId);

describe('The node of a transaction', () => {
  it('is the same for everybody, in whatever order they came to know the nodes', () => {
    expect(placesOf(nodesOf('n1', 'n2', 'n3'))).toEqual(placesOf(nodesOf('n3', 'n1', 'n2')));
  });

  it.each([[['n1', 'n2']], [['n1', 'n2', 'n3']], [['tc-0', 'tc-1', 'tc-2', 'tc-3', 'tc-4']]])(
    'is each of them about as often as the others: %j',
    (ids) => {
      const places = placesOf(nodesOf(...ids));

      const fair = XIDS.length / ids.length;
      for (const id of ids) {
        const share = places.filter((place) => place === id).length / fair;
        expect(share).toBeGreaterThan(0.85);
        expect(share).toBeLessThan(1.15);
      }
    },
  );

  it('changes only for those whose node goes, and back when it comes again', () => {
    const nodes = nodesOf('n1', 'n3');
    const second = connectionTo('n2');
    nodes.add(second);
    const before = placesOf(nodes);

    nodes.remove(second);
    const without = placesOf(nodes);
    nodes.add(second);

    const moved = before.filter((place, index) => place !== without[index]);
    expect(moved.length).toBeGreaterThan(0);
    expect(new Set(moved)).toEqual(new Set(['n2']));
    expect(placesOf(nodes)).toEqual(before);
  });

  it('is nobody without nodes, and the only one when there is one', () => {
    expect(nodesOf().pick('x')).toBeUndefined();
    expect(nodesOf('n1').pick('x')?.nodeId).toBe('n1');
  });

  it('does not depend on the version: other processes count on the same weights', () => {
    expect(hashOf('')).toBe(0x811c9dc5);
    expect(hashOf('a')).toBe(0xe40c292c);
    expect(weightOf(0, 0)).toBe(0);
  });
});
