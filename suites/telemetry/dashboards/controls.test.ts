import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadEnvironment } from '../../../env/loader.ts';
import { judge } from '../../_testing/histories.ts';
import type { Seen } from '../../_testing/histories.ts';
import type { Control } from '../../harness/control.ts';
import { controls } from './controls.ts';
import { contextOf } from '../../_testing/control-context.ts';

const small = await loadEnvironment('local-small');
const environment = small;
const UIDS = (small.telemetry?.dashboards?.declared ?? []).map(({ uid }) => uid);

function controlOf(id: string): Control {
  return controls.find((one) => one.id === `telemetry/dashboards/${id}`) ?? assert.fail(id);
}

const judged = (seen: Seen[]) =>
  judge({ check: 'telemetry/dashboards', settings: { telemetry: small.telemetry }, seen });

/** What the check records where `errors` panels of three show an error. */
function sourceDown(errors: number): Seen[] {
  return [
    ['dashboard-server', { server: 'Grafana', ok: true, detail: '12' }],
    ['data-sources', { count: 1 }],
    [
      'data-source',
      { source: 'Prometheus (prometheus)', ok: false, detail: 'connect ECONNREFUSED 127.0.0.1:9090' },
    ],
    ...UIDS.flatMap((uid): Seen[] => [
      ['dashboard', { uid, found: true, panels: 3 }],
      ['rendered', { uid, status: 200, panels: 3, errors, data: [] }],
    ]),
  ];
}

test('should want the data source named, and an error in every panel that a browser shows', async () => {
  const control = controlOf('source-broken');
  const ctx = contextOf({ environment });
  const red = judged(sourceDown(3));
  assert.equal(red.verdict, control.verdict);
  assert.match(red.reason, control.seen!);
  assert.equal(await control.verify?.(ctx, red), null);
  const partly = await control.verify?.(ctx, judged(sourceDown(2)));
  assert.equal(partly, `no error in every panel of ${UIDS.join(', ')}`);
  const unseen = judged([
    ...sourceDown(3).filter(([kind]) => kind !== 'rendered'),
    ['unavailable', { what: 'a browser', reason: 'no browser is installed' }],
  ]);
  assert.equal(unseen.verdict, 'fail');
  assert.match((await control.verify?.(ctx, unseen)) ?? '', /no error in every panel of/);
});
