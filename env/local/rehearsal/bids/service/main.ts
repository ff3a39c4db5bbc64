/** Entry: reads the environment, creates the table, serves and works until SIGTERM, then finishes requests in flight. */
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { setting } from '../../../platform/service-kit/setting.ts';
import { createDesk } from './desk.ts';
import { Drafts } from './drafts.ts';
import { logOf } from './log.ts';
import { Spans } from './spans.ts';

const log = logOf('desk');
const drafts = new Drafts(
  {
    host: setting('DATABASE_HOST'),
    port: Number(setting('DATABASE_PORT')),
    password: setting('DATABASE_PASSWORD'),
    authority: readFileSync(setting('DATABASE_AUTHORITY'), 'utf8'),
  },
  log,
);
const zipkin = process.env['ZIPKIN_URL'] ?? '';
const spans = zipkin === '' ? undefined : new Spans(zipkin, (text) => log('WARN', text));
const tags = { namespace: setting('POD_NAMESPACE'), pod: setting('POD_NAME') };
const desk = createDesk({ drafts, log, spans, tags });
const ended = new AbortController();

function stop(): void {
  if (ended.signal.aborted) return;
  ended.abort();
  desk.management.close();
  desk.management.closeAllConnections();
  desk.server.close(() => {
    Promise.all([drafts.close(), spans?.close()]).catch((error: unknown) => {
      log('WARN', `closing: ${String(error)}`);
    });
  });
  desk.server.closeIdleConnections();
}
process.once('SIGTERM', stop);
process.once('SIGINT', stop);

desk.server.listen(Number(setting('PORT')));
desk.management.listen(Number(setting('MANAGEMENT_PORT')));

/** Between two looks at the queue, and between two attempts to reach the database. */
const EVERY_MS = 1_000;
while (!ended.signal.aborted) {
  try {
    if (desk.state.ready) await drafts.work();
    else await drafts.prepare();
    if (!desk.state.ready) log('INFO', 'ready');
    desk.state.ready = true;
  } catch (error) {
    log('WARN', `the database does not answer: ${error instanceof Error ? error.message : String(error)}`);
  }
  await delay(EVERY_MS, undefined, { signal: ended.signal }).catch(() => undefined);
}
