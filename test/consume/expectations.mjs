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
