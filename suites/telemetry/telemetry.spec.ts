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
check('telemetry/traces/complete', (ctx) =>
  followRequests(ctx, { count: settingsOf(ctx).telemetry.canary.requests, follow: ['traces'] }),
);
check('telemetry/traces/under-fault', (ctx) => observeUnderFault(ctx, ['traces']));

check('telemetry/correlation', (ctx) => followRequests(ctx, { count: few(ctx), follow: ['logs'] }));

check('telemetry/metrics/targets', (ctx) => ask(ctx, 'targets'));
check('telemetry/metrics/series', (ctx) => ask(ctx, 'series'));
check('telemetry/metrics/freshness', (ctx) => ask(ctx, 'series'));

check('telemetry/alerts/rules', (ctx) => ask(ctx, 'rules'));
check('telemetry/alerts/fires', observeFires);

check('telemetry/dashboards', observeDashboards);

function few(ctx: CheckContext): number {
  return settingsOf(ctx).telemetry.canary.few;
}

async function ask(ctx: CheckContext, about: 'targets' | 'series' | 'rules'): Promise<void> {
  await ctx.step(`ask Prometheus for ${about}`, () =>
    ctx.runner.call('telemetry.ask', { check: ctx.id, trial: ctx.trial, about }),
  );
}
