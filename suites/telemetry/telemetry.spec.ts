/** Logs, traces, metrics, alerts and dashboards: marked requests and numbered lines, followed to where they must arrive. */
import { check } from '../harness/check.ts';
import type { CheckContext } from '../harness/check.ts';
import { observeFires } from './alerts.ts';
import { observeDashboards } from './dashboards.ts';
import { observeLogs, observeWorkloads } from './logs.ts';
import { followRequests } from './requests.ts';
import { settingsOf } from './settings.ts';
import { observeUnderFault } from './under-fault.ts';

check('telemetry/logs/canary', observeLogs);
check('telemetry/logs/every-workload', observeWorkloads);
check('telemetry/logs/under-fault', (ctx) => observeUnderFault(ctx, ['logs']));

check('telemetry/traces/canary', (ctx) => followRequests(ctx, { count: few(ctx), follow: ['traces'] }));
check('telemetry/traces/complete', (ctx) => {
  const { canary, logs } = settingsOf(ctx).telemetry;
  // Its lines are counted beside: where logs are declared, what a request leaves is followed in both.
  return followRequests(ctx, {
    count: canary.requests,
    follow: logs === undefined ? ['traces'] : ['traces', 'logs'],
  });
});
check('telemetry/traces/under-fault', (ctx) => observeUnderFault(ctx, ['traces']));

check('telemetry/correlation', (ctx) => followRequests(ctx, { count: few(ctx), follow: ['logs'] }));

for (const name of ['targets', 'series', 'freshness'])
  check(`telemetry/metrics/${name}`, (ctx) => ask(ctx, 'metrics'));

check('telemetry/alerts/rules', (ctx) => ask(ctx, 'rules'));
check('telemetry/alerts/fires', observeFires);

check('telemetry/dashboards', observeDashboards);

function few(ctx: CheckContext): number {
  return settingsOf(ctx).telemetry.canary.few;
}

async function ask(ctx: CheckContext, about: 'metrics' | 'rules'): Promise<void> {
  await ctx.step(`ask Prometheus for ${about}`, () =>
    ctx.runner.call('telemetry.ask', { check: ctx.id, trial: ctx.trial, about }),
  );
}
