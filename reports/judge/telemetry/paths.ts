/** The way of a canary request, stage by stage, with what was found at each. */
import type { History } from '../../record/history/history.ts';
import type { RequestPath } from '../../record/details/telemetry-detail.ts';
import { lineNameOf, loggedNameOf } from '../../record/names/path-names.ts';
import { all } from '../observed.ts';
import { pathOf } from './observed.ts';
import type { Hop, CanaryRequest } from './observed.ts';
import { requestLines } from './request-lines.ts';
import type { RequestLine } from './request-lines.ts';
import { faultsOf, hopName, isNamed, tracesOf } from './trace.ts';
import type { FoundTrace } from './trace.ts';

/** Incomplete requests that are shown. */
const MOST_BROKEN = 2;

interface Shown {
  request: CanaryRequest;
  trace: FoundTrace | undefined;
  lines: readonly RequestLine[];
}

/** One complete request, and the first incomplete ones. */
export function pathsShown(history: History, canaries: readonly CanaryRequest[]): RequestPath[] {
  const path = pathOf(history.header);
  const traces = tracesOf(history);
  const lines = Map.groupBy(requestLines(history), ({ n }) => n);
  const asked = new Set(all(history, 'swept').map(({ what }) => what));
  const hasTraces = traces.size > 0 || asked.has('traces');
  const hasLines = lines.size > 0 || asked.has('logs');
  const looked = { traces: hasTraces, lines: hasLines };
  const shown = canaries
    .filter(({ ok }) => ok)
    .map((request) => ({
      request,
      trace: traces.get(request.correlationId),
      lines: lines.get(request.n) ?? [],
    }));
  const isWhole = (one: Shown): boolean =>
    (!hasTraces || faultsOf(one.trace, path).length === 0) &&
    (!hasLines ||
      path.every((hop) => !hop.logs || one.lines.some(({ service }) => service === loggedNameOf(hop))));
  const whole = shown.find(isWhole);
  const broken = shown.filter((one) => !isWhole(one)).slice(0, MOST_BROKEN);
  return [
    ...(whole === undefined
      ? []
      : [pathOfOne(whole, path, { ...looked, title: 'a request with all its spans and lines' })]),
    ...broken.map((one) =>
      pathOfOne(one, path, { ...looked, title: 'a request with missing spans or lines' }),
    ),
  ];
}

function pathOfOne(
  { request, trace, lines }: Shown,
  path: readonly Hop[],
  looked: { traces: boolean; lines: boolean; title: string },
): RequestPath {
  const since = (ms: number): number => Math.round(ms - request.sentMs);
  const edge = {
    name: 'edge',
    what: 'request' as const,
    found: true,
    atMs: since(request.doneMs),
    detail: `answered ${request.status ?? ''}`,
  };
  const stages = path.flatMap((hop) => [
    ...(looked.traces ? spanStages(hop, trace, since) : []),
    ...(looked.lines && hop.logs ? [lineStage(hop, lines, { request, since })] : []),
  ]);
  return {
    title: looked.title,
    correlationId: request.correlationId,
    traceId: request.traceId,
    hops: [edge, ...stages],
  };
}

type Stage = RequestPath['hops'][number];

function spanStages(hop: Hop, trace: FoundTrace | undefined, since: (ms: number) => number): Stage[] {
  const own = (trace?.spans ?? []).filter(({ service }) => service === hop.service);
  const fault = faultsOf(trace, [{ ...hop, spans: [] }])[0];
  const first = own[0];
  const entry: Stage = {
    name: hopName(hop),
    what: 'span',
    found: first !== undefined,
    atMs: first === undefined ? null : since(first.startMs),
    detail:
      first === undefined
        ? `no span of ${hop.service}`
        : fault === undefined
          ? `${first.name}${own.length > 1 ? ` and ${own.length - 1} more` : ''}`
          : `${first.name}; ${fault.seen}`,
  };
  const named = hop.spans.map(({ name }): Stage => {
    const found = own.find((span) => isNamed(span.name, name));
    return {
      name: hop.service,
      what: 'span',
      found: found !== undefined,
      atMs: found === undefined ? null : since(found.startMs),
      detail: name,
    };
  });
  return [entry, ...named];
}

function lineStage(
  hop: Hop,
  lines: readonly RequestLine[],
  { request, since }: { request: CanaryRequest; since: (ms: number) => number },
): Stage {
  const own = lines.filter(({ service }) => service === loggedNameOf(hop));
  const [first] = own;
  const right = own.every(({ traceId }) => traceId === request.traceId);
  return {
    name: lineNameOf(hop),
    what: 'log line',
    found: first !== undefined,
    atMs: first === undefined ? null : since(first.atMs),
    detail:
      first === undefined
        ? 'no line with the correlation id'
        : `${own.length} ${own.length === 1 ? 'line' : 'lines'} from ${first.pod}, ${right ? 'with the trace id' : 'WITHOUT the trace id'}`,
  };
}
