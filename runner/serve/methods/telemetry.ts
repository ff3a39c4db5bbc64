import { openHistory } from '../../../probes/history.ts';
import type { NewObservation } from '../../../probes/history.ts';
import { requestsByTrace } from '../../../probes/application/trace-ids.ts';
import { logFieldsOf } from '../../../probes/logs/index.ts';
import type { LogProbe } from '../../../probes/logs/index.ts';
import { timeoutMsOf } from '../../plan/environment-parts.ts';
import type { Handlers } from '../handlers.ts';
import {
  askAlerts,
  askDashboards,
  askQueries,
  askRules,
  askSeries,
  askTargets,
} from '../../ask/telemetry/ask.ts';
import { isTraced } from '../../ask/telemetry/canary-run.ts';
import { countedOn, readDisk, unread } from '../../ask/telemetry/disk.ts';
import { askPage } from '../../ask/telemetry/page.ts';
import { recentOfEach } from '../../ask/telemetry/recent.ts';
import { logsOf } from '../../ask/telemetry/sources.ts';
import type { ServedRunner } from '../served.ts';
import { errorText } from '../../../reports/record/error-text.ts';

type Methods = Pick<
  Handlers,
  | 'telemetry.start'
  | 'telemetry.sent'
  | 'telemetry.answers'
  | 'telemetry.finish'
  | 'telemetry.stop'
  | 'telemetry.disk'
  | 'telemetry.recent'
  | 'telemetry.ask'
  | 'telemetry.page'
>;

/** Single queries, by subject. */
const QUESTIONS = {
  targets: askTargets,
  series: askSeries,
  rules: askRules,
  alerts: askAlerts,
  dashboards: askDashboards,
  queries: askQueries,
} as const;

/**
 * Logs, traces, metrics and alerts of the platform: queried in this process, which has the accounts, and written into the check's history.
 */
export function telemetryMethods(runner: ServedRunner): Methods {
  const { runState, telemetry, stores } = runner;
  const { environment } = runState;
  const of = { environment, stores };

  async function written<T>(
    { check, trial }: { check: string; trial: number },
    file: string,
    work: (write: (seen: NewObservation) => void) => Promise<T>,
  ): Promise<T> {
    const writer = openHistory(runState.trialFolder(check, trial), file, { redact: runState.redact });
    try {
      return await work((seen) => writer.observe(seen));
    } finally {
      await writer.close();
    }
  }

  return {
    'telemetry.start': async (params, call) => {
      await telemetry.start(params, call.signal);
      return null;
    },
    'telemetry.sent': async ({ check }) => {
      await telemetry.of(check).requestsSent();
      return null;
    },
    'telemetry.answers': ({ check }) => Promise.resolve(telemetry.of(check).answers()),
    'telemetry.finish': async ({ check, lastMs }) => {
      await telemetry.of(check).finish(lastMs);
      await telemetry.stop(check);
      return null;
    },
    'telemetry.stop': async ({ check }) => {
      await telemetry.stop(check);
      return null;
    },
    'telemetry.disk': async (params, { signal }) => {
      const { run, requests, pods, sinceMs } = params;
      const logs = environment.telemetry?.logs;
      if (logs === undefined) return null;
      const wanted = {
        run,
        fields: logFieldsOf(logs),
        ...(isTraced(environment) && { traced: requestsByTrace(run, requests) }),
      };
      return written(params, 'disk.ndjson', async (write) => {
        for (const pod of pods) {
          try {
            const lines = await readDisk(runner.parts.cluster, pod, { sinceMs, signal });
            write(countedOn(pod, lines, wanted));
          } catch (error) {
            signal.throwIfAborted();
            write(unread({ ...pod, workload: null }, error));
          }
        }
        write({ kind: 'disks-read', count: pods.length });
        return null;
      });
    },
    'telemetry.recent': async (params, { signal }) => {
      const { pods, sinceMs, untilMs } = params;
      const askedMs = performance.now();
      const deadlineMs = timeoutMsOf(environment, 'telemetryQuery');
      return written(params, 'recent.ndjson', async (write) => {
        let probe: LogProbe | null = null;
        try {
          probe = await logsOf(of);
          const until = { sinceMs, untilMs, askedMs, deadlineMs };
          const logs = environment.telemetry?.logs;
          const messageKey = logs === undefined ? undefined : logFieldsOf(logs).message.line;
          const looking = { cluster: runner.parts.cluster, probe, ...until, signal, messageKey };
          await recentOfEach(pods, { ...looking, redact: runState.redact }, write);
        } catch (error) {
          signal.throwIfAborted();
          write({ kind: 'unavailable', what: 'the store of logs', reason: errorText(error) });
        } finally {
          probe?.close();
        }
        return null;
      });
    },
    'telemetry.ask': (params, { signal }) =>
      written(params, `${params.about}.ndjson`, (write) => {
        const { about, labels = {}, queries = [] } = params;
        return QUESTIONS[about](of, { write, signal, labels, queries });
      }),
    'telemetry.page': (params, { signal }) => askPage(of, params, signal),
  };
}
