/** Controls of telemetry/dashboards. One of them needs the stand-in for Grafana of the embedded environments. */
import type { Judgement } from '../../../reports/record/judgement.ts';
import { rollOut } from '../../_breaking/backend.ts';
import { NotApplicable, controlsFor } from '../../harness/control.ts';
import type { ControlContext } from '../../harness/control.ts';
import { deploymentAt } from '../../_breaking/addressed.ts';
import { scaled } from '../../_breaking/objects.ts';
import type { Deployed } from '../../_breaking/objects.ts';

/** @throws NotApplicable where it is no Deployment of this cluster */
function grafanaOf(ctx: ControlContext): Promise<Deployed> {
  return deploymentAt(ctx, {
    key: 'telemetry.dashboards',
    declared: ctx.environment.telemetry?.dashboards,
  });
}

const SOURCE = 'PROMETHEUS_URL';
/** Prometheus' port in the pod itself: nobody listens, and the connection is refused at once. */
const NOWHERE = 'http://127.0.0.1:9090';

async function breakSource(ctx: ControlContext): Promise<void> {
  if (ctx.environment.telemetry?.dashboards?.stubbed !== true)
    throw new NotApplicable(
      'only the stand-in for Grafana takes the address of its data source from a variable',
    );
  await rollOut(ctx, await grafanaOf(ctx), {
    what: 'the stand-in for Grafana with a data source at an address where nothing answers',
    change: ({ env, ...rest }) => {
      const kept = (env ?? []).filter(({ name }) => name !== SOURCE);
      return { ...rest, env: [...kept, { name: SOURCE, value: NOWHERE }] };
    },
  });
}

/** The data source reports the error, and the browser saw it: every declared dashboard shows one. */
function namesPanels(ctx: ControlContext, { findings }: Judgement): Promise<string | null> {
  const { telemetry } = ctx.environment;
  const unseen = (telemetry?.dashboards?.declared ?? []).filter(
    ({ uid }) => !findings.some(({ subject, seen }) => subject.includes(`(${uid})`) && allBroken(seen)),
  );
  if (unseen.length === 0) return Promise.resolve(null);
  return Promise.resolve(`no error in every panel of ${unseen.map(({ uid }) => uid).join(', ')}`);
}

function allBroken(seen: string): boolean {
  const [, panels, errors] = /^(\d+) panels, (\d+) with an error/.exec(seen) ?? [];
  return panels !== undefined && panels === errors && panels !== '0';
}

export const controls = controlsFor('telemetry/dashboards', {
  'source-broken': {
    title: "nothing answers at the address of Grafana's data source",
    seen: /data source Prometheus .*ECONNREFUSED/,
    break: breakSource,
    verify: namesPanels,
  },
  gone: {
    verdict: 'inconclusive',
    title: 'Grafana has no pod',
    seen: /Grafana unavailable/,
    break: async (ctx) => {
      const grafana = await grafanaOf(ctx);
      await ctx.patch(grafana, { spec: { replicas: 0 } });
      await scaled(ctx, grafana, 0);
    },
  },
});
