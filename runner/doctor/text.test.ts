import assert from 'node:assert/strict';
import { test } from 'node:test';
import { expiryItem } from './expiry.ts';
import { missing, notNeeded, ok, optional, unknown } from './item.ts';
import { diagnosisJson, diagnosisOf, diagnosisText } from './text.ts';

const OF = { environment: 'staging', envOption: 'ops/staging.yaml', profile: 'nightly', readOnly: false };
const FOUND = [
  { kind: 'cluster', ...ok('pin', 'the one') },
  {
    kind: 'rights',
    ...missing('list pods everywhere', 'for a/b', "- { apiGroups: [''] }\n# ClusterRole plumbline-read"),
  },
  { kind: 'images', ...unknown('gpu.image: a', 'no node has it yet', 'crictl pull a') },
  { kind: 'stores', ...notNeeded('stores.neo4j', 'no planned check asks it') },
  { kind: 'secrets', ...missing('variable A', 'not set') },
];

test('should put first what must be done first, and end with the count and the next command', () => {
  const diagnosis = diagnosisOf(OF, FOUND);
  assert.deepEqual(
    diagnosis.items.map(({ what }) => what),
    ['list pods everywhere', 'variable A', 'gpu.image: a', 'stores.neo4j', 'pin'],
  );
  const lines = diagnosisText(diagnosis).split('\n');
  assert.ok(lines.includes("    add: - { apiGroups: [''] }"));
  assert.deepEqual(lines.slice(-3), [
    '2 missing, 1 unknown, 1 not needed, 1 ok.',
    'Add what is missing, from the top; then: npx plumbline doctor --env ops/staging.yaml --profile nightly',
    'What single checks would lack: npx plumbline run --env ops/staging.yaml --profile nightly --read-only',
  ]);
  assert.deepEqual(JSON.parse(diagnosisJson(diagnosis)), { ...diagnosis });
});

test('should list apart what a run does without, and say to run', () => {
  const item = optional('list nodes everywhere', 'without it inconclusive: topology/nodes/pools', '- rule');
  const text = diagnosisText(
    diagnosisOf({ ...OF, readOnly: true }, [
      { kind: 'cluster', ...ok('pin', 'the one') },
      { kind: 'rights', ...item },
    ]),
  );
  assert.match(
    text,
    /\n\nOPTIONAL: this run can do without it\n {2}rights: list nodes everywhere\n {4}without it inconclusive: topology\/nodes\/pools\n {4}add: - rule\n/,
  );
  assert.match(
    text,
    /\n0 missing, 0 unknown, 1 optional, 0 not needed, 1 ok\.\nNext: npx plumbline run .* --read-only$/,
  );
});

test('should say to run where nothing is missing', () => {
  const fine = diagnosisOf({ ...OF, profile: null }, [{ kind: 'cluster', ...ok('pin', 'the one') }]);
  assert.equal(diagnosisText(fine).split('\n').at(-2), 'Next: npx plumbline run --env ops/staging.yaml');
});

test('should mention what expires within two weeks, also where nothing is missing', () => {
  const now = new Date('2026-12-01T00:00:00Z');
  const soon = expiryItem('edge', '2026-12-09T12:00:00Z', now);
  assert.deepEqual([soon.state, soon.notice], ['ok', true]);
  assert.match(
    diagnosisText(diagnosisOf(OF, [{ kind: 'certificates', ...soon }])),
    /NOTE\n.*edge\n.*in 8 days/,
  );
  assert.equal(expiryItem('edge', '2026-12-15T00:00:00Z', now).notice, undefined);
  assert.equal(expiryItem('edge', '2026-11-30T00:00:00Z', now).state, 'missing');
});

test('should print what a cluster says on lines of their own, without commands of the terminal', () => {
  const item = missing('Secret a/b\u001b[2K', 'it holds "x\nNext: \u202eall is well"', 'one\ntwo\u0007');
  const text = diagnosisText(diagnosisOf(OF, [{ kind: 'secrets', ...item }]));
  assert.doesNotMatch(text, /(?!\n)\p{Cc}|\u202e/u);
  assert.match(text, /\n {4}it holds "x Next: .all is well"\n {4}add: one\n {9}two.\n/);
});
