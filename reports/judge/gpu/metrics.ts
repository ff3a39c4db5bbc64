import type { History } from '../../record/history.ts';
import type { Judgement } from '../../record/judgement.ts';
import { Findings, goalNumber, setting, text } from '../topology/findings.ts';
import { concludeWithPool, gpuOf, lastSeries, poolNodesOf } from './pool.ts';
import type { DeclaredGpu, Sample } from './pool.ts';

/** `gpu/metrics`: a fresh sample of every device, a number that can be, and the pod that is known to hold one. */
export function judgeMetrics(history: History): Judgement {
  const findings = new Findings(history);
  const { metrics } = gpuOf(history);
  if (metrics === undefined) throw new Error('the history declares no gpu.metrics');
  const freshS = goalNumber(history, 'freshScrapes', 2) * Number(setting(history, 'scrapeSeconds'));
  const last = lastSeries(history);
  if (last !== undefined) {
    const fresh = last.samples.filter(({ ageSeconds }) => ageSeconds !== null && ageSeconds <= freshS);
    expectDevices(history, findings, { fresh, all: last.samples, freshS });
    expectValues(fresh, metrics, findings);
    if (last.holder !== '' && metrics.labels.pod !== undefined) {
      const holds = fresh.filter(({ pod }) => pod === last.holder);
      const device = holds.map((one) => one.device).join(', ');
      findings.expect(
        'the pod that holds a device',
        holds.length > 0,
        last.holder,
        device || 'no device names it',
      );
    }
    const ages = last.samples.flatMap(({ ageSeconds }) => ageSeconds ?? []);
    const oldest = ages.length === 0 ? null : Number(Math.max(...ages).toFixed(1));
    findings.figure({ name: 'oldest sample', value: oldest, unit: 's', goal: freshS });
  }
  return concludeWithPool(history, findings, `${metrics.series} of every device, younger than ${freshS} s`);
}

function expectDevices(
  history: History,
  findings: Findings,
  of: { fresh: readonly Sample[]; all: readonly Sample[]; freshS: number },
): void {
  const { metrics, devicesPerNode, sharedBy } = gpuOf(history);
  const wanted = metrics?.perNode ?? Math.ceil(devicesPerNode / sharedBy);
  for (const node of poolNodesOf(history)) {
    const name = text(node, 'name');
    const count = (samples: readonly Sample[]): number =>
      new Set(samples.filter((one) => one.node === name).map(({ device }) => device)).size;
    const [fresh, all] = [count(of.fresh), count(of.all)];
    findings.expect(
      `devices of node ${name}`,
      fresh >= wanted,
      `${wanted} measured within ${of.freshS} s`,
      all > fresh ? `${fresh}, and ${all - fresh} older` : String(fresh),
    );
  }
}

function expectValues(
  fresh: readonly Sample[],
  { maximum }: NonNullable<DeclaredGpu['metrics']>,
  findings: Findings,
): void {
  for (const { device, value } of fresh) {
    const ok = value !== null && value >= 0 && value <= maximum;
    findings.expect(
      `utilisation of ${device}`,
      ok,
      `0 to ${maximum}`,
      value === null ? 'no number' : String(value),
    );
  }
}
