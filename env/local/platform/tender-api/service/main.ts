/** Entry: reads the environment, makes the tables, serves until SIGTERM, then finishes what is in flight. */
import { setTimeout as delay } from 'node:timers/promises';
import { createApi } from './api.ts';
import { Generator } from './generator.ts';
import { TenderStore } from './store.ts';

function setting(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === '') throw new Error(`the environment variable ${name} is not set`);
  return value;
}

const store = new TenderStore({
  primaryHost: setting('PRIMARY_HOST'),
  replicaHost: setting('REPLICA_HOST'),
  password: setting('PGPASSWORD'),
});
/** The stub's time to answer, ms. */
const DEFAULT_LLM_DELAY_MS = 200;
const generator = new Generator(store.jobs, {
  delayMs: Number(process.env.LLM_DELAY_MS ?? DEFAULT_LLM_DELAY_MS),
});
const api = createApi({ store, generator }, setting('POD_NAME'), Number(process.env.ANSWER_DELAY_MS ?? 0));
const ended = new AbortController();

function stop(): void {
  if (ended.signal.aborted) return;
  ended.abort();
  api.server.close(() => {
    // No request comes any more; the jobs that were taken are written down before the database is left.
    void generator
      .idle()
      .then(() => store.close())
      .then(() => {
        process.exitCode = 0;
      });
  });
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
    console.log(JSON.stringify({ level: 'info', message: 'ready' }));
  } catch (error) {
    console.log(
      JSON.stringify({ level: 'warn', message: 'the database is not there yet', cause: String(error) }),
    );
    await delay(RETRY_MS, undefined, { signal: ended.signal }).catch(() => undefined);
  }
}
