/** Compares one request's trace with the declared path, both while waiting for the trace to be complete and when judging it. */

/** A service on the path of a request. */
export interface PathHop {
  service: string;
  parent?: string | undefined;
  through: string;
  spans: readonly { name: string }[];
}

export interface TraceSpan {
  id: string;
  parent: string | null;
  service: string;
  name: string;
}

/** What is wrong at one place of the path. */
export interface TraceFault {
  /**
   * `absent`: no span of the service; `link`: its parent is of the wrong service; `call`: a declared span is missing; `empty`: there is
   * no trace.
   */
  what: 'absent' | 'link' | 'call' | 'empty';
  /** `tender-api → tender-ai (amqp)`, or the service. */
  hop: string;
  service: string;
  expected: string;
  seen: string;
}

/** Everything that the trace lacks; empty: it is complete. A hop behind a missing one is not reported as absent or badly linked. */
export function faultsOf(spans: readonly TraceSpan[], path: readonly PathHop[]): TraceFault[] {
  if (spans.length === 0)
    return [
      {
        what: 'empty',
        hop: 'the trace',
        service: path[0]?.service ?? '',
        expected: 'one trace of the request',
        seen: 'no span of the request at all',
      },
    ];
  const missing = new Set<string>();
  return path.flatMap((hop) => {
    const behind = hop.parent !== undefined && missing.has(hop.parent);
    const own = spans.filter(({ service }) => service === hop.service);
    if (own.length === 0) {
      missing.add(hop.service);
      return behind ? [] : [absent(hop)];
    }
    return [...(behind ? [] : linkFault(hop, own, spans)), ...spanFaults(hop, own)];
  });
}

function hopName({ service, parent, through }: PathHop): string {
  return parent === undefined ? service : `${parent} → ${service} (${through})`;
}

function absent(hop: PathHop): TraceFault {
  const expected =
    hop.parent === undefined
      ? `spans of ${hop.service}`
      : `spans of ${hop.service} below those of ${hop.parent}`;
  return {
    what: 'absent',
    hop: hopName(hop),
    service: hop.service,
    expected,
    seen: `no span of ${hop.service}`,
  };
}

/** A service's entry span must be a child of a span of the calling service. */
function linkFault(hop: PathHop, own: readonly TraceSpan[], spans: readonly TraceSpan[]): TraceFault[] {
  if (hop.parent === undefined) return [];
  const byId = new Map(spans.map((span) => [span.id, span]));
  const entries = own.filter(({ parent }) => serviceOf(byId, parent) !== hop.service);
  if (entries.some(({ parent }) => serviceOf(byId, parent) === hop.parent)) return [];
  const above = [
    ...new Set(
      entries.map(({ parent }) =>
        parent === null ? 'no span' : (serviceOf(byId, parent) ?? 'a span that is missing from the trace'),
      ),
    ),
  ];
  return [
    {
      what: 'link',
      hop: hopName(hop),
      service: hop.service,
      expected: `the first span of ${hop.service} below one of ${hop.parent}`,
      seen: `below ${above.join(', ') || 'no span of another service'}`,
    },
  ];
}

function serviceOf(byId: ReadonlyMap<string, TraceSpan>, id: string | null): string | undefined {
  return id === null ? undefined : byId.get(id)?.service;
}

function spanFaults(hop: PathHop, own: readonly TraceSpan[]): TraceFault[] {
  return hop.spans
    .filter(({ name }) => !own.some((span) => isNamed(span.name, name)))
    .map(({ name }) => ({
      what: 'call' as const,
      hop: hop.service,
      service: hop.service,
      expected: `a span "${name}" of ${hop.service}`,
      seen: 'none',
    }));
}

/** A span's name may end with its object: `SET tender:17` counts as `SET`. */
function isNamed(name: string, expected: string): boolean {
  return name === expected || name.startsWith(`${expected} `);
}
