import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CheckContext } from '../../harness/context.ts';
import { whyNoPods } from './refused-pods.ts';

const SET = { metadata: { namespace: 'canary', name: 'reach', uid: 'now' } };
const event = (uid: string, reason: string, message: string, at: string) => ({
  metadata: { name: message },
  involvedObject: { kind: 'DaemonSet', name: 'reach', uid },
  reason,
  message,
  lastTimestamp: at,
});

const asked = (events: object[], sets: object[] = [SET]) => {
  const list = ({ kind }: { kind: string }) =>
    Promise.resolve({ items: kind === 'v1/Event' ? events : sets });
  return whyNoPods({ cluster: { list } } as unknown as CheckContext, SET);
};

test('should quote the last refusal of a pod of this DaemonSet', async () => {
  const events = [
    event('now', 'FailedCreate', 'exceeded quota: pods', '2026-12-01T00:00:05Z'),
    event('now', 'FailedCreate', 'violates PodSecurity', '2026-12-01T00:00:01Z'),
    event('now', 'SuccessfulCreate', 'Created pod: reach-x', '2026-12-01T00:00:05Z'),
    event('before', 'FailedCreate', 'of the run before', '2026-12-01T00:00:09Z'),
  ];
  assert.equal(await asked(events), 'the pods of DaemonSet canary/reach are refused: exceeded quota: pods');
  assert.equal(await asked(events.slice(2)), null);
  const made = event('now', 'SuccessfulCreate', 'Created pod: reach-y', '2026-12-01T00:00:06Z');
  assert.equal(await asked([...events, made]), null, 'a pod has been made since');
  assert.equal(await asked(events, []), null, 'a DaemonSet that is gone has no events of its own');
});
