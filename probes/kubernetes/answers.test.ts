import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventIn, objectIn, pageIn, reviewIn } from './answers.ts';
import { KubeError } from './errors.ts';

const where = { verb: 'list', path: 'v1/Pod' };
const of = { apiVersion: 'v1', kind: 'Pod' };
const metadata = { resourceVersion: '7' };
const malformed = (what: RegExp) => (error: unknown) =>
  error instanceof KubeError && error.reason === 'server' && what.test(error.message);

test('should give the objects of a page the kind of their list, also where it has none', () => {
  const page = pageIn(JSON.stringify({ metadata, items: [{ metadata: { name: 'a' } }] }), of, where);
  assert.deepEqual(page, {
    items: [{ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a' } }],
    next: '',
    resourceVersion: '7',
  });
  assert.deepEqual(pageIn(JSON.stringify({ metadata, items: null }), of, where).items, []);
});

test('should say what an answer lacks, and of which call', () => {
  const page = (value: unknown) => () => pageIn(JSON.stringify(value), of, where);
  assert.throws(page({ items: [] }), malformed(/^list v1\/Pod: malformed: not a list$/));
  assert.throws(page({ metadata: {}, items: [] }), malformed(/without resourceVersion/));
  assert.throws(page({ metadata, items: [{}] }), malformed(/an item without a name/));
  assert.throws(() => pageIn('<html>', of, where), malformed(/not JSON/));
  assert.throws(() => objectIn('{"kind": "Status"}', where), malformed(/not a Kubernetes object/));
});

test('should take only events whose objects can be told apart', () => {
  const event = (value: unknown) => eventIn(JSON.stringify(value), where);
  const bookmark = { type: 'BOOKMARK', object: { metadata } };
  assert.deepEqual(event(bookmark), bookmark);
  const gone = { type: 'ERROR', object: { code: 410 } };
  assert.deepEqual(event(gone), gone);
  assert.throws(() => event({ type: 'ADDED', object: { metadata } }), malformed(/not a watch event/));
  assert.throws(() => event({ type: 'RENAMED', object: {} }), malformed(/not a watch event/));
});

test('should take an answer to a review as it is, which has no name, and no other without one', () => {
  const answer = { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectAccessReview', metadata: {} };
  const text = JSON.stringify({ ...answer, status: { allowed: true } });
  assert.deepEqual(reviewIn(text, where)['status'], { allowed: true });
  assert.throws(() => reviewIn('{"status":{"allowed":true}}', where), KubeError);
  assert.throws(() => objectIn(text, where), KubeError);
});
