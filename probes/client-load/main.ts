/** The client load's own process: its event loop serves nothing else, so that operations start when they are due. */
import { createInterface } from 'node:readline';
import { monoMs } from '../../host/clock.ts';
import { HistoryError, openHistory } from '../history.ts';
import { redactor } from '../redact.ts';
import type { HistoryWriter } from '../history.ts';
import type { NewSeen } from '../../reports/record/observations/index.ts';
import { EXIT, parseClientLoadConfig } from './config.ts';
import type { ClientLoadConfig } from './config.ts';
import { clientLoadDriver } from './drivers.ts';
import { ClientLoadEngine } from './engine.ts';
import { raisePriority } from './priority.ts';
import { errorText } from '../../reports/record/error-text.ts';

const OPEN_DEADLINE_MS = 15_000;
const PROGRESS_MS = 250;

class Ending extends Error {
  readonly exitCode: number;
  constructor(exitCode: number, cause: unknown) {
    super(errorText(cause), { cause });
    this.exitCode = exitCode;
  }
}

function say(message: Record<string, unknown>): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

async function main(): Promise<void> {
  // Ctrl-C reaches the whole group, but only the runner decides.
  process.on('SIGINT', () => undefined);
  // The runner died: what was observed is still written.
  process.stdout.on('error', () => undefined);
  const lines = createInterface({ input: process.stdin });
  const stopped = new Promise<void>((resolve) => {
    lines.once('close', resolve);
    process.once('SIGTERM', resolve);
  });
  const first = await Promise.race([
    new Promise<string>((resolve) => lines.once('line', resolve)),
    stopped.then(() => ''),
  ]);
  const config = attempt(EXIT.config, () => parseClientLoadConfig(first));
  const secrets = [config.connection.password, ...Object.values(config.connection.secrets ?? {})];
  let known = redactor(secrets);
  const redact = (text: string): string => known(text);
  // The runner keeps it out of what it writes: the service may log what it was shown.
  const onSecret = (secret: string): void => {
    if (secrets.includes(secret)) return;
    secrets.push(secret);
    known = redactor(secrets);
    say({ secret });
  };
  try {
    await work(config, { redact, onSecret }, stopped);
  } catch (error) {
    if (error instanceof HistoryError) throw new Ending(EXIT.history, error);
    if (error instanceof Error) throw Object.assign(error, { message: redact(error.message) });
    throw error;
  } finally {
    lines.close();
    process.stdin.destroy();
  }
}

async function work(
  config: ClientLoadConfig,
  { redact, onSecret }: { redact: (text: string) => string; onSecret: (secret: string) => void },
  stopped: Promise<void>,
): Promise<void> {
  const driver = attempt(EXIT.config, () => clientLoadDriver(config.store));
  const client = driver.client(config.connection, config.run, onSecret);
  const broken = Promise.withResolvers<never>();
  // An error that nobody awaits must not end the process as an unhandled rejection.
  broken.promise.catch(() => undefined);
  const history = openHistory(config.history, 'client-load.ndjson', { redact, onError: broken.reject });
  const engine = new ClientLoadEngine({ ...config, client, record: recorder(history, broken.reject) });
  history.observe(started(config, driver.definiteFailures));
  try {
    await client.prepare(OPEN_DEADLINE_MS);
    await engine.open(OPEN_DEADLINE_MS);
  } catch (error) {
    history.observe({ kind: 'client-load-failed', reason: client.errorClass(error) });
    throw new Ending(EXIT.unreachable, error);
  }
  // When a store goes, everything under way fails at once, and nobody reads where those errors were made: noting it takes two thirds of their
  // cost (20 µs of 30 µs each with Elasticsearch's client), at the very edge of the outage that is being measured.
  Error.stackTraceLimit = 0;
  engine.start();
  say({ ready: true, t: monoMs() });
  const progress = setInterval(() => say({ progress: engine.progress() }), PROGRESS_MS);
  try {
    await Promise.race([stopped, broken.promise]);
  } finally {
    clearInterval(progress);
  }
  const ended = await Promise.race([engine.stop(), broken.promise]);
  // Taken before the history is closed: the time of closing must not count as time without an answer.
  const last = engine.progress();
  for (const seen of client.end?.() ?? []) history.observe(seen);
  history.observe({ kind: 'client-load-end', ...ended });
  await history.close();
  say({ progress: last });
  say({ ended: true, ...ended });
}

function recorder(history: HistoryWriter, failed: (error: unknown) => void): ClientLoadEngineRecord {
  return (line) => {
    try {
      history.operation(line);
    } catch (error) {
      failed(error);
    }
  };
}
type ClientLoadEngineRecord = ConstructorParameters<typeof ClientLoadEngine>[0]['record'];

function started(
  config: ClientLoadConfig,
  definiteFailures: readonly string[],
): NewSeen<'client-load-start'> {
  const { store, run, connection, ratePerSecond, readRatePerSecond, history: _folder, ...rest } = config;
  const { host, port, alternatives } = connection;
  return {
    kind: 'client-load-start',
    store,
    run,
    client: `${store} client, one attempt per operation, pid ${process.pid}`,
    ratePerSecond,
    readRatePerSecond,
    settings: {
      ...rest,
      host,
      port,
      ...(alternatives !== undefined && {
        alternatives: alternatives.map((address) => `${address.host}:${address.port}`),
      }),
      scheduling: raisePriority(),
    },
    definiteFailures: [...definiteFailures],
  };
}

function attempt<T>(exitCode: number, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw new Ending(exitCode, error);
  }
}

try {
  await main();
  process.exitCode = EXIT.ended;
} catch (error) {
  process.stderr.write(`${JSON.stringify({ error: errorText(error) })}\n`);
  // Open connections and timers must not delay the exit code.
  process.exit(error instanceof Ending ? error.exitCode : 1);
}
