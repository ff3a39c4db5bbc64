/** Whether what an autoscaler did can be judged: it was at rest within its declared limits when the planned load began, and nobody changed it. */
import type { History, HistoryHeader } from '../../../reports/record/history/history.ts';
import type { Kind, Seen } from '../../../reports/record/observations/index.ts';
import { all } from '../../../reports/judge/observed.ts';

/** Why neither a pass nor a failure would say anything of the autoscaler; empty: it would. */
export function soundGaps(history: History): string[] {
  const [spec, ...more] = all(history, 'hpa-spec');
  const ofSpec =
    spec === undefined
      ? []
      : [...limitGaps(history, spec), ...metricGaps(all(history, 'hpa'), spec), ...readyGaps(history, spec)];
  if (more.some((one) => textOf(one) !== textOf(spec)))
    ofSpec.push('the settings of the autoscaler changed while it was observed');
  return [...ofSpec, ...restGaps(history, spec), ...loadGaps(history)];
}

function textOf(seen: Seen<Kind> | undefined): string {
  return JSON.stringify({ ...seen, t: 0 });
}

/** The autoscaler's limits must lie within the replicas that the environment declares. */
function limitGaps({ header }: History, { min, max }: Seen<'hpa-spec'>): string[] {
  const declared = declaredOf(header);
  if (declared === undefined || (min >= declared.min && max <= declared.max)) return [];
  return [
    `the limits of the autoscaler are ${min} to ${max} pods, declared are ${declared.min} to ${declared.max}`,
  ];
}

/** How many pods the service that grows may have. */
function declaredOf({ settings }: HistoryHeader): { min: number; max: number } | undefined {
  const { topology, ai } = settings;
  // The history of a backend check has no AI settings.
  const grows = ai === undefined ? topology?.edge?.backend?.deployment : ai.deployment;
  const services = topology?.workloads?.filter(({ kind }) => kind === 'Deployment' || kind === 'Rollout');
  return services?.find(({ namespace, name }) => namespace === grows?.namespace && name === grows.name)
    ?.replicas;
}

/** Without a value of each of its metrics in every status, nobody knows to what the autoscaler answered. */
function metricGaps(statuses: readonly Seen<'hpa'>[], { metrics }: Seen<'hpa-spec'>): string[] {
  const named = metrics.join();
  if (metrics.length === 0) return ['the autoscaler has no metric'];
  if (!statuses.every((status) => status.metrics.map(({ name }) => name).join() === named))
    return [`a status of the autoscaler has other metrics than its settings, ${named}`];
  return targetGaps(statuses);
}

function targetGaps(statuses: readonly Seen<'hpa'>[]): string[] {
  const targets = Map.groupBy(
    statuses.flatMap(({ metrics }) => metrics).filter(({ target }) => target !== null),
    ({ name }) => name,
  );
  return [...targets].flatMap(([name, own]) =>
    new Set(own.map(({ target }) => target)).size > 1 ? [`the target of ${name} changed`] : [],
  );
}

/** A metric covers ready pods only: with none ready, `desired` is not an answer to the load. */
function readyGaps(history: History, { min }: Seen<'hpa-spec'>): string[] {
  return min > 0 && all(history, 'scaled-pods').some(({ ready }) => ready === 0)
    ? ['there was a time at which no pod was ready']
    : [];
}

/** Kinds that are recorded before the load, and once more when it begins. */
const AT_REST = ['hpa-spec', 'hpa', 'scaled-pods'] as const;

/** Without what was there at rest the state that the load met is unknown. */
function restGaps(history: History, spec: Seen<'hpa-spec'> | undefined): string[] {
  const [begun] = all(history, 'load-begun');
  if (begun === undefined) return [];
  const longestGapMs = Math.max(0, ...all(history, 'hpa-watched').map((watched) => watched.longestGapMs));
  const untilMs = begun.t + LOOKS * longestGapMs;
  const met = all(history, 'hpa').findLast(({ t }) => t < begun.t);
  if (met !== undefined && met.desired !== spec?.min)
    return [
      `${met.desired} pods were desired when the load began, expected was the minimum of ${spec?.min ?? '?'}`,
    ];
  return AT_REST.flatMap((kind: Kind) => {
    const seen = all(history, kind);
    const before = seen.findLast(({ t }) => t < begun.t);
    const after = seen.find(({ t }) => t >= begun.t && t <= untilMs);
    if (before === undefined) return [`no ${kind} was recorded before the load`];
    return after !== undefined && restOf(after) === restOf(before)
      ? []
      : [`the ${kind} from when the load began is missing, or differs from the one before the load`];
  });
}

/** The look in progress, and the next. */
const LOOKS = 2;

/** What stays the same at rest: metrics move a little even then. */
function restOf(seen: Seen<Kind>): string {
  return textOf(seen.kind === 'hpa' ? { ...seen, metrics: [], conditions: [] } : seen);
}

/** The load must have been seen from its start to its end, and be the planned one. */
function loadGaps(history: History): string[] {
  const [begun] = all(history, 'load-begun');
  if (begun === undefined) return [];
  const [started, ended] = [all(history, 'load-start').length, all(history, 'load-ended').length];
  const planned = plannedRate(history.header);
  const isPlanned =
    planned === null ||
    (begun.perSecond === planned.highPerSecond && begun.rampSeconds === planned.rampSeconds);
  return [
    ...(ended < started ? ['the end of a load is not recorded'] : []),
    ...(ended > started ? ['the start of a load is not recorded'] : []),
    ...(isPlanned
      ? []
      : [
          `a load was begun that rises to ${begun.perSecond} per second in ${begun.rampSeconds} s, planned were ${planned.highPerSecond} per second in ${planned.rampSeconds} s`,
        ]),
  ];
}

/** Tenders are created at one rate from the first second on. */
function plannedRate({ settings }: HistoryHeader): { highPerSecond: number; rampSeconds: number } | null {
  const { ai, topology } = settings;
  if (ai === undefined) return topology?.edge?.backend?.scaling ?? null;
  const tenders = ai.scaling;
  return tenders === undefined ? null : { highPerSecond: tenders.perSecond, rampSeconds: 0 };
}
