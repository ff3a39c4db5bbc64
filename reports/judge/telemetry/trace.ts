/** One request's trace, held against the declared path. */
import type { History } from '../../record/history.ts';
import { list, seen, text } from '../topology/findings.ts';
import type { Hop } from './observed.ts';

export interface Span {
  id: string;
  parent: string | null;
  service: string;
  name: string;
  startMs: number;
}

export interface FoundTrace {
  mark: string;
  /** Wall clock ms at which it was first seen whole; null: never. */
  seenMs: number | null;
  spans: Span[];
}

type Row = [string, string | null, string, string, string, number, number];

/** By the request's mark. */
export function tracesOf(history: History): Map<string, FoundTrace> {
  return new Map(
    seen(history, 'trace').map((one) => {
      const mark = text(one, 'mark');
      const rows = list(one, 'spans') as Row[];
      const spans = rows.map(([id, parent, service, name, , startMs]) => ({
        id,
        parent,
        service,
        name,
        startMs,
      }));
      const seenMs = typeof one['seenMs'] === 'number' ? one['seenMs'] : null;
      return [mark, { mark, seenMs, spans }];
    }),
  );
}

/** What is wrong at one place of the path. */
export interface Fault {
  /** `tender-api → tender-ai (amqp)`, or the service. */
  hop: string;
  service: string;
  expected: string;
  seen: string;
}

/** Everything that the trace lacks; empty: it is whole. A hop is not looked at behind one that is missing. */
export function faultsOf(trace: FoundTrace | undefined, path: readonly Hop[]): Fault[] {
  if (trace === undefined || trace.spans.length === 0) {
    const [first] = path;
    const service = first?.service ?? '';
    return [
      { hop: 'the trace', service, expected: 'one trace of the request', seen: 'no span of it at all' },
    ];
  }
  const missing = new Set<string>();
  return path.flatMap((hop) => {
    const behind = hop.parent !== undefined && missing.has(hop.parent);
    const own = trace.spans.filter(({ service }) => service === hop.service);
    if (own.length === 0) {
      missing.add(hop.service);
      return behind ? [] : [absent(hop)];
    }
    return [...linkFault(hop, own, trace, behind), ...spanFaults(hop, own)];
  });
}

export function hopName({ service, parent, through }: Hop): string {
  return parent === undefined ? service : `${parent} → ${service} (${through})`;
}

function absent(hop: Hop): Fault {
  const expected =
    hop.parent === undefined
      ? `spans of ${hop.service}`
      : `spans of ${hop.service} below those of ${hop.parent}`;
  return { hop: hopName(hop), service: hop.service, expected, seen: `no span of ${hop.service}` };
}

/** The span with which a service takes the request is a child of one of the service that calls it. */
function linkFault(hop: Hop, own: readonly Span[], { spans }: FoundTrace, behind: boolean): Fault[] {
  if (hop.parent === undefined || behind) return [];
  const byId = new Map(spans.map((span) => [span.id, span]));
  const entries = own.filter(({ parent }) => serviceOf(byId, parent) !== hop.service);
  if (entries.some(({ parent }) => serviceOf(byId, parent) === hop.parent)) return [];
  const above = [...new Set(entries.map(({ parent }) => serviceOf(byId, parent) ?? 'nothing that is there'))];
  return [
    {
      hop: hopName(hop),
      service: hop.service,
      expected: `the first span of ${hop.service} below one of ${hop.parent}`,
      seen: `below ${above.join(', ') || 'none of another service'}`,
    },
  ];
}

function serviceOf(byId: ReadonlyMap<string, Span>, id: string | null): string | undefined {
  return id === null ? undefined : byId.get(id)?.service;
}

function spanFaults(hop: Hop, own: readonly Span[]): Fault[] {
  return hop.spans
    .filter(({ name }) => !own.some((span) => isNamed(span.name, name)))
    .map(({ name }) => ({
      hop: hop.service,
      service: hop.service,
      expected: `a span "${name}" of ${hop.service}`,
      seen: 'none',
    }));
}

/** Names may have what they are about behind them: `SET tender:17` is a `SET`. */
export function isNamed(name: string, expected: string): boolean {
  return name === expected || name.startsWith(`${expected} `);
}

/** Services whose spans were found in a trace of their own, with how many requests show it: the context was lost on the way there. */
export function straysOf(history: History): Map<string, number> {
  const found = new Map<string, number>();
  for (const one of seen(history, 'stray')) {
    if (list(one, 'traces').length === 0) continue;
    const service = text(one, 'service');
    found.set(service, (found.get(service) ?? 0) + 1);
  }
  return found;
}
