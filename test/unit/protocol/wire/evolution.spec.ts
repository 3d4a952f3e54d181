import protobuf from 'protobufjs';

import { DESCRIPTOR } from '../../../../lib/protocol/wire/descriptor.js';
import {
  agreedVersion,
  decodeClientFrame,
  decodeServerFrame,
  encodeClientFrame,
  encodeServerFrames,
  fromWireOutcomes,
  fromWirePhaseTwo,
  fromWireRefusal,
  fromWireRegisterBranch,
  fromWireSummary,
} from '../../../../lib/protocol/wire/index.js';

const LIMITS = { messageBytesMax: 131_072, messagesMax: 10_000 };
const CALLER = { applicationId: 'orders', instanceId: 'orders-1' };

// docs/protocol.md says how the protocol may change without a new version. The next version's file
// is made here of this one's, with one change of each kind that is allowed.
const future = futureProtocol();

describe('A frame that a later version has written', () => {
  it('is read without the fields that this one does not know', () => {
    const bytes = future.encodeClient({
      messages: [{ requestId: 1, begin: { xid: 'a', name: 'n', timeoutMs: 5, priority: 'high' } }],
      trace: 'unknown beside the messages',
    });

    const [message] = decodeClientFrame(bytes, LIMITS);

    expect(message).toMatchObject({ requestId: 1, body: 'begin' });
    expect(message?.begin).toMatchObject({ xid: 'a', name: 'n', timeoutMs: 5 });
    expect(message?.begin).not.toHaveProperty('priority');
  });

  it('names no operation where this one does not know it, but the number of the request', () => {
    const bytes = future.encodeClient({ messages: [{ requestId: 7, freeze: { xid: 'a' } }] });

    const [message] = decodeClientFrame(bytes, LIMITS);

    expect(message).toMatchObject({ requestId: 7, body: undefined });
  });

  it('is not read past an unknown operation as if it were another one', () => {
    const bytes = future.encodeClient({
      messages: [
        { requestId: 7, freeze: { xid: 'a' } },
        { requestId: 8, status: { xid: 'b' } },
      ],
    });

    expect(decodeClientFrame(bytes, LIMITS)).toMatchObject([
      { requestId: 7, body: undefined },
      { requestId: 8, body: 'status', status: { xid: 'b' } },
    ]);
  });

  it('asks for a branch type of its own in vain', () => {
    const registerBranch = { xid: 'a', branchId: '1', type: 5, resourceId: 'db' };
    const bytes = future.encodeClient({ messages: [{ requestId: 1, registerBranch }] });
    const [message] = decodeClientFrame(bytes, LIMITS);

    expect(() => fromWireRegisterBranch(message!.registerBranch!, CALLER)).toThrow(
      'DTX_ERR_PROTOCOL_UNKNOWN',
    );
  });

  it('tells a client nothing that it could misread', () => {
    const bytes = future.encodeServer({
      messages: [
        { requestId: 1, summary: { xid: 'a', status: 7 } },
        { requestId: 2, phaseTwo: { direction: 3, resourceId: 'db', targets: [] } },
        { requestId: 0, notice: { text: 'of a later version' } },
        { requestId: 3, refusal: { code: 'DTX_ERR_OF_LATER', message: 'm', fields: '{"a":1}' } },
      ],
      done: [4],
    });

    const { done, messages } = decodeServerFrame(bytes, LIMITS);
    const [summary, phaseTwo, notice, refusal] = messages;

    expect(done).toEqual([4]);
    expect(() => fromWireSummary(summary!.summary!)).toThrow('DTX_ERR_PROTOCOL_UNKNOWN');
    expect(() => fromWirePhaseTwo(phaseTwo!.phaseTwo!)).toThrow('DTX_ERR_PROTOCOL_UNKNOWN');
    expect(notice).toMatchObject({ requestId: 0, body: undefined });
    expect(fromWireRefusal(refusal!.refusal!)).toMatchObject({ code: 'DTX_ERR_OF_LATER', a: 1 });
  });
});

describe('A frame that this version has written', () => {
  it('is read by a later one, which finds the defaults in what it has added', () => {
    const begin = { xid: 'a', name: 'n', timeoutMs: 5, mayWait: false };

    const frame = future.decodeClient(encodeClientFrame([{ requestId: 1, begin }]));

    expect(frame).toMatchObject({
      messages: [{ requestId: 1, begin: { xid: 'a', name: 'n', timeoutMs: 5, priority: '' } }],
    });
  });

  it('of a node is read by a later client', () => {
    const [frame] = encodeServerFrames([{ requestId: 0, ping: {} }], [1, 2]);

    expect(future.decodeServer(frame!)).toMatchObject({
      messages: [{ ping: {} }],
      done: [1, 2],
    });
  });
});

describe('A word that this version does not know', () => {
  it('in an outcome is not taken for another one', () => {
    const outcomes = { allDone: false, outcomes: [{ kind: 1 }, { kind: 4 }] };

    expect(() => fromWireOutcomes(outcomes, 2)).toThrow('outcomeKind 4');
  });

  it('is none that was left out', () => {
    const registerBranch = { xid: 'a', branchId: '1', type: 0, resourceId: 'db' };

    expect(() => fromWireRegisterBranch(registerBranch, CALLER)).toThrow('branchType 0');
  });
});

describe('The version that two sides speak', () => {
  it.each([
    { node: [1, 1], client: [1, 1], agreed: 1 },
    { node: [1, 2], client: [1, 1], agreed: 1 },
    { node: [1, 2], client: [2, 2], agreed: 2 },
    { node: [1, 2], client: [1, 2], agreed: 2 },
    { node: [1, 2], client: [2, 3], agreed: 2 },
    { node: [2, 3], client: [1, 2], agreed: 2 },
    { node: [1, 2], client: [3, 3], agreed: undefined },
    { node: [2, 3], client: [1, 1], agreed: undefined },
    { node: [1, 2], client: [0, 0], agreed: undefined },
    { node: [1, 2], client: [3, 1], agreed: undefined },
    { node: [1, 2], client: [2, 1], agreed: undefined },
  ])('of a node $node and a client $client is $agreed', ({ agreed, client, node }) => {
    const range = ([min, max]: number[]) => ({ min: min!, max: max! });

    expect(agreedVersion(range(node), range(client))).toBe(agreed);
  });
});

interface TypeJson {
  readonly fields: Record<string, object>;
  readonly oneofs?: { readonly body: { readonly oneof: string[] } };
  readonly values: Record<string, number>;
}

function futureProtocol() {
  const json = structuredClone(DESCRIPTOR);
  const types = json.nested.dtx.nested.v1.nested as unknown as Record<string, TypeJson>;
  types['Freeze'] = { fields: { xid: { type: 'string', id: 1 } }, values: {} };
  types['Notice'] = { fields: { text: { type: 'string', id: 1 } }, values: {} };
  addField(types, 'ClientMessage', 'freeze', { type: 'Freeze', id: 200 });
  addField(types, 'ServerMessage', 'notice', { type: 'Notice', id: 200 });
  addField(types, 'Begin', 'priority', { type: 'string', id: 100 });
  addField(types, 'ClientFrame', 'trace', { type: 'string', id: 100 });
  types['BranchType']!.values['BRANCH_TYPE_PROMISE'] = 5;
  types['GlobalStatus']!.values['GLOBAL_STATUS_SUSPENDED'] = 7;
  types['Direction']!.values['DIRECTION_SIDEWAYS'] = 3;
  const root = protobuf.Root.fromJSON(json as unknown as protobuf.INamespace);
  const [client, server] = ['ClientFrame', 'ServerFrame'].map((name) =>
    root.lookupType(`dtx.v1.${name}`),
  );
  return {
    encodeClient: (frame: object) => client!.encode(client!.fromObject(frame)).finish(),
    encodeServer: (frame: object) => server!.encode(server!.fromObject(frame)).finish(),
    decodeClient: (bytes: Uint8Array) => client!.toObject(client!.decode(bytes), AS_OBJECT),
    decodeServer: (bytes: Uint8Array) => server!.toObject(server!.decode(bytes), AS_OBJECT),
  };
}

const AS_OBJECT = { defaults: true };

/** Of the one that a message is about, if it is a message of the stream. */
function addField(types: Record<string, TypeJson>, type: string, name: string, field: object) {
  const { fields, oneofs } = types[type]!;
  fields[name] = field;
  oneofs?.body.oneof.push(name);
}
