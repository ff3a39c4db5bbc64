/** Lines and traces must be those of the service and the request that they are of, and a fault that of its members. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Judgement } from '../../reports/record/judgement.ts';
import { judge } from '../_testing/histories.ts';
import type { Seen } from '../_testing/histories.ts';
import {
  all,
  disksRead,
  followed,
  lines,
  requestLine,
  requests,
  serviceDisk,
  settings,
  GATEWAY_LOGS,
  trial,
  upTo,
  VISIBLE,
} from './_testing/histories.ts';

const changed = (seen: Seen[], kind: string, more: Record<string, unknown>, at = 0): Seen[] => {
  const index = seen.flatMap(([one], i) => (one === kind ? [i] : []))[at];
  return seen.map((one, i): Seen => (i === index ? [kind, { ...one[1], ...more }] : one));
};
const held = (judgement: Judgement, why: RegExp): void => {
  assert.equal(judgement.verdict, 'inconclusive', judgement.reason);
  assert.match(judgement.reason, why);
};

test('should not take a line of one service for that of another whose pod wrote it', () => {
  const logged = (pod: string): Seen[] =>
    ['gateway', 'tender-api', 'tender-ai'].map((service) =>
      requestLine(1, service, service === 'tender-ai' ? { pod } : {}),
    );
  const workloads = ['tender-api-two', 'tender-ai'].map((name) => ({
    kind: 'Deployment',
    namespace: 'tender',
    name,
    replicas: { min: 1, max: 1 },
  }));
  const judged = (pod: string): Judgement =>
    judge({
      check: 'telemetry/correlation',
      settings: { ...settings({ few: 1 }), workloads },
      goals: VISIBLE,
      seen: followed(
        [...requests([{ n: 1 }]).filter(([kind]) => kind === 'canary-request'), ...logged(pod)],
        {
          logs: true,
        },
      ),
    });
  // Pods of a service named like another workload, or like none, and of a workload whose name begins with another service's.
  const others = [
    'tender-api-two-6f65d846fd-wlsg9',
    'tender-api-two-1',
    'tender-api-worker-6f65d846fd-wlsg9',
  ];
  for (const pod of ['tender-ai-1', 'worker-1', 'tender-ai-c759d9c5d-kwd74', ...others])
    assert.equal(judged(pod).verdict, 'pass', pod);
  for (const pod of ['tender-api-1', 'tender-api-6f65d846fd-wlsg9', 'tender-api-wlsg9'])
    held(judged(pod), /r\/1 of tender-ai \(tender-api-/);
});

const NODE = { node: 'w1', disk: upTo(200), stored: upTo(200) };

const underFault = (seen: Seen[]): Judgement =>
  judge({ check: 'telemetry/logs/under-fault', settings: GATEWAY_LOGS, goals: VISIBLE, seen });

const PASSING: Seen[] = [
  ...requests(all()).filter(([kind]) => kind === 'canary-request'),
  ...disksRead([
    ...followed([...lines([NODE]), ...upTo(400).map((n) => requestLine(n, 'gateway'))], { logs: true }),
    serviceDisk('gateway', upTo(400)),
  ]),
  ...trial(),
];

test('should want the lines of a request to carry no trace id of another', () => {
  assert.equal(underFault(PASSING).verdict, 'pass', underFault(PASSING).reason);
  held(underFault(changed(PASSING, 'request-line', { traceId: 't2' })), /r\/1 of gateway/);
  assert.equal(underFault(changed(PASSING, 'request-line', { traceId: '' })).verdict, 'pass');
});

test('should want a fault done to each member that it was armed for', () => {
  const acted = PASSING.filter(([kind]) => kind !== 'fault-acted');
  held(underFault(acted), /injected into nothing, but armed for postgres-0/);
  held(
    underFault(changed(PASSING, 'fault-acted', { member: 'postgres-1' })),
    /injected into postgres-1, but armed for postgres-0/,
  );
});

test('should want the price of a fault', () => {
  const unpriced = PASSING.filter(([kind]) => kind !== 'budget-estimate');
  assert.match(underFault(unpriced).reason, /estimated cost of the fault/);
});
