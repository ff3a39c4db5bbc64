/** Entry: reads the environment, creates the tables, serves until SIGTERM, then finishes requests in flight. */
import { setTimeout as delay } from 'node:timers/promises';
import { setting } from '../../service-kit/setting.ts';
import { telemetryOf } from '../../service-kit/telemetry.ts';
import { createApi } from './api.ts';
import { TenderCache } from './cache.ts';
import { Handover } from './handover.ts';
import { JobQueue } from './queue.ts';
import { TenderStore } from './store.ts';

const telemetry = telemetryOf({ service: 'tender-api' });
const { log } = telemetry;
/** True if the AI service is provisioned. */
const handsOver = process.env.HANDS_OVER === 'on';
const store = new TenderStore({
  primaryHost: setting('PRIMARY_HOST'),
  replicaHost: setting('REPLICA_HOST'),
  password: setting('PGPASSWORD'),
  handsOver,
  telemetry,
});

/** The handover of tenders, with its start and end. */
function wayOn(): { handover: Handover; start: () => void; close: () => Promise<void> } {
  const cache = new TenderCache(
    {
      sentinel: setting('REDIS_SENTINEL'),
      master: setting('REDIS_MASTER'),
      password: setting('REDIS_PASSWORD'),
      sentinelPassword: setting('REDIS_SENTINEL_PASSWORD'),
    },
    telemetry,
  );
  const queue = new JobQueue(
    {
      address: setting('RABBITMQ_ADDRESS'),
      vhost: setting('RABBITMQ_VHOST'),
      user: setting('RABBITMQ_USER'),
      password: setting('RABBITMQ_PASSWORD'),
    },
    telemetry,
  );
  const handover = new Handover({ outbox: store.outbox, cache, queue, telemetry });
  queue.start();
  return {
    handover,
    start: () => {
      handover.start();
    },
    close: async () => {
      await handover.stop();
      cache.close();
      await queue.close();
    },
  };
}

const way = handsOver ? wayOn() : undefined;
const api = createApi(
  { store, handover: way?.handover },
  {
    podName: setting('POD_NAME'),
    delayMs: Number(process.env.ANSWER_DELAY_MS ?? 0),
    failEvery: Number(process.env.ANSWER_FAIL_EVERY ?? 0),
    telemetry,
  },
);
const ended = new AbortController();

/** Called when no request is left: records confirmations before it disconnects from the database. */
async function finish(): Promise<void> {
  await way?.close();
  await store.close();
  await telemetry.stop();
  process.exitCode = 0;
}

function stop(): void {
  if (ended.signal.aborted) return;
  ended.abort();
  api.server.close(() => void finish());
  api.server.closeIdleConnections();
}
process.once('SIGTERM', stop);
process.once('SIGINT', stop);

api.server.listen(Number(setting('PORT')));

const RETRY_MS = 250;
while (!ended.signal.aborted && !api.state.ready) {
  try {
    await store.prepare();
    api.state.ready = true;
    way?.start();
    log('info', 'ready');
  } catch (error) {
    log('warn', 'the database is not available yet', { cause: String(error) });
    await delay(RETRY_MS, undefined, { signal: ended.signal }).catch(() => undefined);
  }
}
