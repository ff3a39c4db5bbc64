/** What checks of telemetry observe where the authority of a source cannot be read, or is none: the cause, and no crash. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { loadEnvironment } from '../../../env/loader.ts';
import type { Environment, Trust } from '../../../env/schema.ts';
import type { Judgement } from '../../../reports/record/judgement.ts';
import { planChecks, rowOf } from '../../../suites/catalogue/index.ts';
import { settingsFor } from '../../../suites/catalogue/plan/settings.ts';
import { createContext } from '../../../suites/harness/context.ts';
import { Observations } from '../../../suites/harness/observations.ts';
import { TelemetryRuns } from '../../ask/telemetry/runs.ts';
import { judgeCheck } from '../../record/judging.ts';
import { trialFolder } from '../../record/run-folder.ts';
import type { RunnerCore } from '../runner-parts.ts';
import type { ServedRunner } from '../served.ts';
import { callerOf } from '../handlers.ts';
import type { Handlers } from '../handlers.ts';
import { openTrial } from '../../state/trials.ts';
import { ApplicationAccess } from '../../targets/application-access.ts';
import { telemetryMethods } from './telemetry.ts';

const staging = await loadEnvironment('staging');
const histories = mkdtempSync(join(tmpdir(), 'plumbline-authority-'));
after(() => rmSync(histories, { recursive: true }));

const NO_PEM = join(histories, 'login.html');
writeFileSync(NO_PEM, '<html>Sign in</html>');
/** Files that are no authority, and what is said of each. */
const FILES: readonly [Trust, RegExp][] = [
  [{ file: join(histories, 'none.pem') }, /none\.pem: ENOENT/],
  [{ file: NO_PEM }, /login\.html: it holds no certificate in PEM/],
];

/** Staging, whose sources of telemetry are trusted by this file. */
function trusting(trust: Trust): Environment {
  const { telemetry = assert.fail('no telemetry'), prometheus, ...rest } = staging;
  const { logs, traces, alerts, dashboards } = telemetry;
  assert.ok(logs && traces && alerts && dashboards?.kibana && prometheus);
  const kibana = { ...dashboards.kibana, trust };
  return {
    ...rest,
    prometheus: { ...prometheus, trust },
    telemetry: {
      ...telemetry,
      logs: { ...logs, trust },
      traces: { ...traces, trust },
      alerts: { ...alerts, trust },
      dashboards: { ...dashboards, trust, declared: [], kibana },
    },
  };
}

const NODE = {
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name: 'w1', labels: {} },
  spec: {},
  status: { conditions: [{ type: 'Ready', status: 'True' }] },
};

/** Observes once and judges, over the socket that a check has. @returns the verdict, and the writes to the cluster */
async function observed(id: string, environment: Environment): Promise<Judgement & { writes: string[] }> {
  const planned = planChecks(environment, { checks: [id] }).find(({ row }) => row.id === id);
  const { goals } = planned ?? assert.fail(`${id} is not in the plan`);
  const source = { check: id, environment: 'test', goals, settings: settingsFor(id, environment) };
  const folder = await openTrial(histories, 1, source);
  const secrets = {
    secret: () => Promise.resolve('s'),
    reread: () => Promise.resolve('s'),
    keep: () => undefined,
  };
  const runner = {
    runState: {
      environment,
      redact: (text: string) => text,
      headerSource: () => source,
      planned: new Map([[id, planned]]),
      trialFolder: (check: string, trial: number) => trialFolder(histories, check, trial),
    },
    stores: secrets,
    application: new ApplicationAccess(environment, secrets),
    parts: { signal: new AbortController().signal, safety: { stopped: new AbortController().signal } },
  };
  const telemetry = new TelemetryRuns(runner as unknown as RunnerCore);
  const writes: string[] = [];
  const written = (what: string) => () => {
    writes.push(what);
    return Promise.resolve(null);
  };
  const handlers = {
    ...telemetryMethods({ ...runner, telemetry } as unknown as ServedRunner),
    'cluster.list': ({ kind }: { kind: string }) =>
      Promise.resolve({ kind, items: kind === 'v1/Node' ? [NODE] : [] }),
    'cluster.wait': ({ kind }: { kind: string }) => Promise.resolve({ kind, items: [] }),
    'clocks.nodes': () => Promise.resolve([]),
    'cluster.apply': written('apply'),
    'cluster.delete': written('delete'),
  };
  const { signal } = new AbortController();
  const call = callerOf(handlers as unknown as Handlers, { check: id, signal });
  const observations = new Observations(folder);
  try {
    const observe = (await rowOf(id)?.observe?.()) ?? assert.fail(`nothing observes ${id}`);
    await observe(
      createContext({
        id,
        trial: 1,
        trials: 1,
        goals,
        settings: source.settings,
        call,
        observations,
        signal,
        once: (_observation, body) => body(),
        step: async (_title, body) => body(),
      }),
    );
    observations.append('end');
  } finally {
    observations.close();
  }
  const judgement = await judgeCheck(histories, id);
  rmSync(folder, { recursive: true });
  return { ...judgement, writes };
}

/** With how each calls the source that it could not ask. */
const CHECKS: readonly [string, string][] = [
  ['telemetry/logs/canary', 'the store of logs'],
  ['telemetry/logs/every-workload', 'the store of logs'],
  ['telemetry/traces/canary', 'the canary requests'],
  ['telemetry/traces/complete', 'the canary requests'],
  ['telemetry/correlation', 'the canary requests'],
  ['telemetry/metrics/targets', 'Prometheus'],
  ['telemetry/metrics/series', 'Prometheus'],
  ['telemetry/metrics/freshness', 'Prometheus'],
  ['telemetry/alerts/rules', 'Prometheus'],
  ['telemetry/dashboards', 'Grafana'],
];

for (const [trust, why] of FILES)
  test(`should be inconclusive where an authority is ${JSON.stringify(why.source)}`, async () => {
    const environment = trusting(trust);
    for (const [id, what] of CHECKS) {
      const { verdict, reason } = await observed(id, environment);
      assert.equal(verdict, 'inconclusive', `${id}: ${reason}`);
      assert.match(reason, new RegExp(`${what} unavailable: .*${why.source}`), id);
      assert.doesNotMatch(reason, /crashed/, id);
    }
  });

test('should write no lines whose store cannot be asked', async () => {
  const [[trust] = assert.fail()] = FILES;
  assert.deepEqual((await observed('telemetry/logs/canary', trusting(trust))).writes, []);
});
