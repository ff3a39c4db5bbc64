/** A service whose spans, log lines and workload have names of their own. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Judgement } from '../../../reports/record/judgement.ts';
import { judge } from '../../_testing/histories.ts';
import type { Seen } from '../../_testing/histories.ts';
import { followed, requestLine, requests, settings, VISIBLE } from '../_testing/histories.ts';

const DESK = { service: 'bids.desk', workload: 'bid-desk', loggedAs: 'desk-app' };
const POD = 'bid-desk-6f65d846fd-wlsg9';

/** One request, whose path is this service alone, and its log lines. */
function judged(lines: Seen[], more: object = DESK): Judgement {
  const { telemetry, ...others } = settings({ few: 1 });
  const path = [{ through: 'http', logs: true, spans: [], ...more }];
  const workloads = [{ kind: 'Deployment', namespace: 'bids', name: 'bid-desk' }];
  const sent = requests([{ n: 1 }]).filter(([kind]) => kind === 'canary-request');
  return judge({
    check: 'telemetry/correlation',
    settings: { ...others, telemetry: { ...telemetry, traces: { path } }, workloads },
    goals: VISIBLE,
    seen: followed([...sent, ...lines], { logs: true }),
  });
}

test('should know lines by the name that a service logs under, and its pods by that of its workload', () => {
  const found = judged([requestLine(1, 'desk-app', { pod: POD })]);
  assert.equal(found.verdict, 'pass', found.reason);
});

test('should miss the lines of a service under the name that it is declared to log under', () => {
  for (const service of ['bids.desk', 'bid-desk']) {
    const found = judged([requestLine(1, service, { pod: 'x-1' })]);
    assert.equal(found.verdict, 'fail', service);
    assert.match(found.reason, /log lines of bids\.desk \(logged as desk-app\): .*none for 1 of them/);
  }
  const unnamed = judged([requestLine(1, 'desk-app', { pod: 'x-1' })], { service: 'bids.desk' });
  assert.match(unnamed.reason, /log lines of bids\.desk: .*none for 1 of them/);
});

test('should take no line under another name from a pod of the declared workload', () => {
  const other = judged([requestLine(1, 'desk-app', { pod: POD }), requestLine(1, 'someone', { pod: POD })]);
  assert.equal(other.verdict, 'inconclusive');
  assert.match(other.reason, /r\/1 of someone \(bid-desk-/);
});
