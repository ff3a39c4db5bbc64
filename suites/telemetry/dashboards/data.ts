/** The data that panels get: answers to the queries that the page itself sends, with variables and times as Grafana fills them in. */
import type { Page, Request, Response } from '@playwright/test';
import { z } from 'zod';
import { parseJson } from '../../../host/json.ts';
import type { Seen } from '../../../reports/record/observations/index.ts';

/** Queries of panels, of Grafana to 11 and since 12, and of data sources that the page asks itself over Grafana's proxy. */
export const QUERY =
  /\/api\/ds\/query|\/apis\/[^/]*grafana\.app\/.*\/query|\/api\/datasources\/proxy\/.*\/(?:query|query_range|_msearch|render)$/;

/** Data frames as JSON: a list of values for each field. */
const frame = z.object({ data: z.object({ values: z.array(z.array(z.unknown())).nullish() }).nullish() });
const framed = z.object({ results: z.record(z.string(), z.object({ frames: z.array(frame).nullish() })) });
/** Of Prometheus and Loki themselves: series with values, or with one. */
const series = z.array(z.object({ values: z.array(z.unknown()).default([null]) }));
const proxied = z.object({ data: z.object({ result: series }) });
const asked = z.object({
  queries: z.array(z.object({ expr: z.string().default(''), datasource: z.object({ type: z.string() }) })),
});

/** By the names of the plugins for Prometheus, Mimir and VictoriaMetrics. Loki has `expr` as well. */
const OF_PROMQL = /prometheus|metrics/;
const PROXIED_PROMQL = /\/proxy\/(?:uid\/)?[^/]+\/api\/v1\/query/;

type PanelData = Seen<'rendered'>['data'][number];

/** Follows the queries of a page from now on. @returns what was answered to those that are over */
export function panelData(page: Page): () => Promise<PanelData[]> {
  const answers: Promise<PanelData>[] = [];
  page.on('response', (response) => {
    if (QUERY.test(new URL(response.url()).pathname)) answers.push(dataOf(response));
  });
  return () => Promise.all(answers);
}

async function dataOf(response: Response): Promise<PanelData> {
  const request = response.request();
  // Grafana's data source plugins send it since 9 (DataSourceWithBackend).
  const panel = request.headers()['x-panel-id'] ?? null;
  const points = await response.json().then(pointsOf, () => null);
  const asks = asksOf(request);
  return { panel, points, ...(asks !== undefined && { asks }) };
}

function pointsOf(said: unknown): number | null {
  const results = framed.safeParse(said).data?.results;
  const frames = results && Object.values(results).flatMap((one) => one.frames ?? []);
  const lists = frames?.map(({ data }) => data?.values?.[0] ?? []);
  const found = lists ?? proxied.safeParse(said).data?.data.result.map(({ values }) => values);
  return found === undefined ? null : found.reduce((sum, { length }) => sum + length, 0);
}

function asksOf(request: Request): string[] | undefined {
  const { pathname, searchParams } = new URL(request.url());
  const body = request.postData() ?? '';
  if (pathname.includes('/proxy/')) {
    const query = searchParams.get('query') ?? new URLSearchParams(body).get('query');
    return query !== null && PROXIED_PROMQL.test(pathname) ? [query] : [];
  }
  return asked
    .safeParse(parseJson(body))
    .data?.queries.filter(({ expr, datasource }) => expr !== '' && OF_PROMQL.test(datasource.type))
    .map(({ expr }) => expr);
}
