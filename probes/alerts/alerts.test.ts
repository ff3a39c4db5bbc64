import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SignalError } from '../signals/index.ts';
import { standIn } from '../signals/_testing/server.ts';
import { AlertmanagerProbe } from './alertmanager.ts';

const BOUNDS = { deadlineMs: 5_000 };

test('should ask Alertmanager for active alerts by their labels', async () => {
  const server = await standIn(() => ({
    body: [
      {
        labels: { alertname: 'Breach', run: 'r1' },
        startsAt: '2026-01-02T03:04:05.000Z',
        endsAt: '2026-01-02T03:09:05.000Z',
        status: { state: 'active', silencedBy: [], inhibitedBy: [] },
        fingerprint: 'f',
      },
    ],
  }));
  const probe = new AlertmanagerProbe({ url: `${server.url}/` });
  const found = await probe.active({ alertname: 'Breach', run: 'r1' }, BOUNDS);
  assert.equal(found[0]?.startsMs, Date.parse('2026-01-02T03:04:05Z'));
  assert.equal(found[0].state, 'active');
  const query = new URL(server.asked[0]?.path ?? '', server.url).searchParams;
  assert.deepEqual(query.getAll('filter'), ['alertname="Breach"', 'run="r1"']);
  probe.close();
  await server.close();
});

test('should refuse what is no answer of Alertmanager', async () => {
  const server = await standIn(() => ({ body: { status: 'success' } }));
  const probe = new AlertmanagerProbe({ url: server.url });
  await assert.rejects(probe.active({}, BOUNDS), SignalError);
  probe.close();
  await server.close();
});
