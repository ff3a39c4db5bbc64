import assert from 'node:assert/strict';
import { test } from 'node:test';
import { telemetryOf } from '../../service-kit/telemetry.ts';
import { Handover } from './handover.ts';
import type { OpenTender } from './outbox.ts';
import type { TenderJob } from './queue.ts';

const TENDER = { id: '7', title: 'bridge', createdAt: '2026-01-01T00:00:00.000Z' };
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';

interface Seen {
  cached: string[];
  published: { job: TenderJob; trace: string | undefined }[];
  writtenDown: string[];
  lines: string[];
  /** Whether RabbitMQ refuses. */
  refuses: boolean;
  open: OpenTender[];
}

/** Stubs of Redis, RabbitMQ and PostgreSQL; the real ones are in the integration tests. */
function parts(): { seen: Seen; handover: Handover } {
  const seen: Seen = { cached: [], published: [], writtenDown: [], lines: [], refuses: false, open: [] };
  const telemetry = telemetryOf({ service: 'tender-api', env: {}, write: (line) => seen.lines.push(line) });
  const handover = new Handover({
    telemetry,
    cache: {
      put: ({ id }) => {
        seen.cached.push(id);
        return Promise.resolve();
      },
    },
    queue: {
      publish: (job) => {
        if (seen.refuses) return Promise.reject(new Error('there is no connection to RabbitMQ'));
        seen.published.push({ job, trace: telemetry.tracer.current()?.context.traceId });
        return Promise.resolve();
      },
    },
    outbox: {
      handedOver: (ids) => {
        seen.writtenDown.push(...ids);
        return Promise.resolve();
      },
      takeOpen: () => Promise.resolve(seen.open.splice(0)),
    },
  });
  return { seen, handover };
}

test('should cache and hand over a tender, and record its confirmation', async () => {
  const { seen, handover } = parts();
  await handover.accept(TENDER, 'm-1');
  assert.deepEqual([seen.cached, seen.writtenDown], [['7'], []]);
  assert.deepEqual(seen.published[0]?.job, { tender: '7', title: 'bridge', mark: 'm-1' });
  await handover.stop();
  assert.deepEqual(seen.writtenDown, ['7']);
});

test('should not fail when RabbitMQ fails, and hand over unconfirmed tenders later in the same trace', async () => {
  const { seen, handover } = parts();
  seen.refuses = true;
  await handover.accept(TENDER, 'm-1');
  await handover.look();
  assert.deepEqual([seen.published, seen.writtenDown], [[], []]);
  assert.match(seen.lines[0] ?? '', /not handed over/);
  seen.refuses = false;
  seen.open.push({ id: '7', title: 'bridge', mark: 'm-1', traceparent: `00-${TRACE}-00f067aa0ba902b7-01` });
  await handover.look();
  assert.deepEqual(seen.published, [{ job: { tender: '7', title: 'bridge', mark: 'm-1' }, trace: TRACE }]);
  await handover.look();
  assert.deepEqual(seen.writtenDown, ['7']);
});
