import type { CheckJudge } from '../../../reports/judge/definition.ts';
import { need } from '../../../reports/judge/evidence/need.ts';
import type { AnyNeed } from '../../../reports/judge/evidence/need.ts';
import {
  concludeWithPool,
  gpuOf,
  needCounts,
  needPool,
  nodesDeclared,
  poolNodesOf,
  requestsSeen,
} from '../_judge/pool.ts';
import type { DeclaredGpu, DeviceSample } from '../_judge/pool.ts';
import { podName, readyPods } from '../_judge/reported.ts';
import { all, last } from '../../../reports/judge/observed.ts';
import { Findings } from '../../../reports/judge/topology/findings.ts';
import type { History, HistoryHeader } from '../../../reports/record/history/history.ts';
import type { Judgement } from '../../../reports/record/judgement.ts';

interface Fresh {
  fresh: readonly DeviceSample[];
  all: readonly DeviceSample[];
  freshS: number;
}

/** `gpu/metrics`: a fresh sample of every device, a possible value, and the name of the pod that is known to hold one. */
function judgeMetrics(history: History): Judgement {
  const findings = new Findings(history);
  const { metrics } = gpuOf(history);
  if (metrics === undefined) throw new Error('the history declares no gpu.metrics');
  const freshS = freshSeconds(history);
  const series = last(history, 'gpu-series');
  if (freshS === null)
    findings
      .rule('goals')
      .unknown(
        'how old a sample may be',
        'freshScrapes and scrapeSeconds',
        'the history lacks at least one of them',
      );
  else if (series !== undefined) {
    const ages = series.samples.map((sample) => ageOf(sample, series.nowSeconds));
    const fresh = series.samples.filter((sample) => {
      const age = ageOf(sample, series.nowSeconds);
      return isAge(age) && age <= freshS;
    });
    expectDevices(history, findings, { fresh, all: series.samples, freshS });
    expectValues(fresh, metrics, findings);
    if (metrics.labels.pod !== undefined) expectNamed(history, findings, { fresh, known: series.samples });
    const known = ages.filter(isAge);
    const oldest = known.length === 0 ? null : Number(Math.max(...known).toFixed(1));
    findings.figure({ name: 'oldest sample', value: oldest, unit: 's', goal: freshS });
  }
  needPool(history, findings);
  needCounts(history, findings, 2);
  return concludeWithPool(
    history,
    findings,
    `${metrics.series} of every device, younger than ${freshS ?? '?'} s`,
  );
}

function freshSeconds({ header: { goals, settings } }: History): number | null {
  const { freshScrapes } = goals;
  const { scrapeSeconds } = settings;
  return freshScrapes === undefined || scrapeSeconds === undefined ? null : freshScrapes * scrapeSeconds;
}

/** Age by the clock of Prometheus, s; below 0 the sample was timed by another clock. */
function ageOf({ atSeconds }: DeviceSample, nowSeconds: number | null): number | null {
  return atSeconds === null || nowSeconds === null ? null : nowSeconds - atSeconds;
}

const isAge = (age: number | null): age is number => age !== null && age >= 0;

function expectDevices(history: History, findings: Findings, of: Fresh): void {
  findings.rule('devices');
  const { metrics, devicesPerNode, sharedBy } = gpuOf(history);
  const wanted = metrics?.perNode ?? Math.ceil(devicesPerNode / sharedBy);
  for (const { name } of poolNodesOf(history)) {
    const count = (samples: readonly DeviceSample[]): number =>
      new Set(samples.filter((one) => one.node === name).map(({ device }) => device)).size;
    const [fresh, known] = [count(of.fresh), count(of.all)];
    findings.expect(
      `devices of node ${name}`,
      fresh >= wanted,
      `${wanted} measured within ${of.freshS} s`,
      known > fresh ? `${fresh}, and ${known - fresh} older` : String(fresh),
    );
  }
}

function expectValues(
  fresh: readonly DeviceSample[],
  { maximum }: NonNullable<DeclaredGpu['metrics']>,
  findings: Findings,
): void {
  findings.rule('values');
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

/** The series must name the check's own pod, or, where there is none, each that held a device throughout. */
function expectNamed(
  history: History,
  findings: Findings,
  { fresh, known }: { fresh: readonly DeviceSample[]; known: readonly DeviceSample[] },
): void {
  findings.rule('named');
  const [own] = readyPods(history);
  const holders = own === undefined ? steadyHolders(history) : [own.pod];
  if (holders.length === 0) findings.unknown(HOLDER, 'one that the series names', 'no pod holds a device');
  for (const pod of holders) expectHolder(history, findings, { pod, fresh, known });
}

function expectHolder(
  history: History,
  findings: Findings,
  { pod, fresh, known }: { pod: string; fresh: readonly DeviceSample[]; known: readonly DeviceSample[] },
): void {
  if (gpuOf(history).kind === 'shared' && !known.some((one) => one.pod === pod)) {
    findings.unknown(HOLDER, pod, IN_NO_SAMPLE);
    return;
  }
  const devices = fresh.filter((one) => one.pod === pod).map(({ device }) => device);
  findings.expect(HOLDER, devices.length > 0, pod, devices.join(', ') || 'in no fresh sample');
  expectSameDevices(history, findings, { pod, devices, known });
}

const HOLDER = 'the pod that holds a device';

/** DCGM exporter, "--kubernetes-virtual-gpus": of the pods that share a device it otherwise names one. */
const IN_NO_SAMPLE =
  'in no sample: of the pods that share a device, dcgm-exporter names all only with KUBERNETES_VIRTUAL_GPUS=true';

/** If the series uses the names of devices that the pod was given, it must name the pod at these and no others. */
function expectSameDevices(
  history: History,
  findings: Findings,
  { pod, devices, known }: { pod: string; devices: readonly string[]; known: readonly DeviceSample[] },
): void {
  const told = all(history, 'gpu-pod').find((one) => one.pod === pod)?.devices ?? [];
  const inSameWords = told.length > 0 && told.every((name) => known.some(({ device }) => device === name));
  if (!inSameWords) return;
  const [said, seen] = [told, devices].map((names) => [...new Set(names)].toSorted().join(', '));
  findings.expect(`devices of ${pod}`, said === seen, said ?? '', seen || 'in no fresh sample');
}

/** Pods that held devices in the first look and in the last. */
function steadyHolders(history: History): string[] {
  return poolNodesOf(history).flatMap(({ name }) => {
    const looks = all(history, 'gpu-requested').filter(({ node }) => node === name);
    const later = new Set(looks.at(-1)?.holders.map(({ pod }) => pod));
    return (looks[0]?.holders ?? []).filter(({ pod }) => later.has(pod)).map(({ pod }) => podName(pod));
  });
}

const ofMetrics = (header: HistoryHeader): AnyNeed[] => [
  nodesDeclared(header),
  requestsSeen(header, 2),
  need('gpu-series'),
];

export const judge: CheckJudge = {
  judge: judgeMetrics,
  evidence: ofMetrics,
};
