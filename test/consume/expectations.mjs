// @ts-check
import assert from 'node:assert/strict';

const XID = /^[A-Za-z0-9._-]{16,40}$/;

/**
 * What `app/main.ts` prints when all is well.
 *
 * @param {any} report
 * @param {string} fixture
 */
export function expectReport(report, fixture) {
  const { nest, sameClasses, hasContext, subpaths, answer } = report;
  assert.equal(`nest-${nest.split('.')[0]}`, fixture, 'the application runs another Nest');
  assert.equal(sameClasses, true, 'require and import hand out different classes');
  assert.equal(hasContext, true, 'the context is not in its slot on globalThis');
  assert.deepEqual(subpaths, ['function', 'function', 'function'], 'a subpath lacks its export');
  const [xid, ...others] = answer.xids;
  assert.match(xid, XID, 'the annotated method ran without an xid');
  assert.deepEqual(others, [xid, xid], 'require and import see different contexts');
  assert.equal(answer.after, null, 'the xid is still there after the method');
}

const CARRIERS = ['HTTP', 'gRPC', 'Nest TCP'];

/**
 * What `propagation/main.ts` prints when all is well.
 *
 * @param {readonly { carrier: string, passed: number, failures: readonly string[] }[]} held
 * @param {boolean} hasRedis
 */
export function expectHeld(held, hasRedis) {
  const names = held.map(({ carrier }) => carrier);
  for (const carrier of [...CARRIERS, ...(hasRedis ? ['Nest Redis'] : [])]) {
    assert.ok(names.includes(carrier), `${carrier} was not held to the suite`);
  }
  for (const { carrier, passed, failures } of held) {
    assert.deepEqual(failures, [], carrier);
    assert.ok(passed > 0, `${carrier} was held to nothing`);
  }
}
