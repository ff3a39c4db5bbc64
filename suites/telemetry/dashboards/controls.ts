/** Controls of telemetry/dashboards, against the stand-in for Grafana of the embedded environments. */
import type { Judgement } from '../../../reports/record/judgement.ts';
import { rollOut } from '../../_breaking/backend.ts';
import type { Control, ControlContext } from '../../harness/control.ts';
import { scaled } from '../_following/breaking.ts';
import { deployment } from '../../_breaking/objects.ts';

const GRAFANA = deployment('observability', 'grafana-stub');
const SOURCE = 'PROMETHEUS_URL';
/** Prometheus' port in the pod itself: nobody listens, and the connection is refused at once. */
const NOWHERE = 'http://127.0.0.1:9090';

function breakSource(ctx: ControlContext): Promise<void> {
  return rollOut(ctx, GRAFANA, {
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

export const controls: readonly Control[] = [
  {
    id: 'telemetry/dashboards/source-broken',
    check: 'telemetry/dashboards',
    verdict: 'fail',
    size: 'any',
    title: "nothing answers at the address of Grafana's data source",
    expectSeen: /data source Prometheus .*ECONNREFUSED/,
    break: breakSource,
    verify: namesPanels,
  },
  {
    id: 'telemetry/dashboards/gone',
    check: 'telemetry/dashboards',
    verdict: 'inconclusive',
    size: 'any',
    title: 'Grafana has no pod',
    expectSeen: /Grafana unavailable/,
    break: async (ctx) => {
      await ctx.patch(GRAFANA, { spec: { replicas: 0 } });
      await scaled(ctx, GRAFANA, 0);
    },
  },
];
