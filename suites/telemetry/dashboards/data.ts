/** The data that panels get: answers to the queries that the page itself sends, with variables and times as Grafana fills them in. */
import type { Page, Response } from '@playwright/test';
import { z } from 'zod';

/** Queries of panels, of Grafana to 11 and since 12. */
export const QUERY = /\/api\/ds\/query|\/apis\/[^/]*grafana\.app\/.*\/query/;

/** Data frames as JSON: a list of values for each field. */
const frame = z.object({ data: z.object({ values: z.array(z.array(z.unknown())).nullish() }).nullish() });
const answer = z.object({ results: z.record(z.string(), z.object({ frames: z.array(frame).nullish() })) });

interface PanelData {
  /** null: the query does not say of which panel it is. */
  panel: string | null;
  points: number;
}

/** Follows the queries of a page from now on. @returns what was answered to those that are over */
export function panelData(page: Page): () => Promise<PanelData[]> {
  const answers: Promise<PanelData | null>[] = [];
  page.on('response', (response) => {
    if (QUERY.test(new URL(response.url()).pathname)) answers.push(dataOf(response));
  });
  return async () => (await Promise.all(answers)).filter((one) => one !== null);
}

/** null: it is no answer with frames, as where it was cancelled. */
async function dataOf(response: Response): Promise<PanelData | null> {
  try {
    // Grafana's data source plugins send it since 9 (DataSourceWithBackend).
    const panel = response.request().headers()['x-panel-id'] ?? null;
    const said = answer.safeParse(await response.json());
    if (!said.success) return null;
    const frames = Object.values(said.data.results).flatMap((one) => one.frames ?? []);
    return { panel, points: frames.reduce((sum, { data }) => sum + (data?.values?.[0]?.length ?? 0), 0) };
  } catch {
    return null;
  }
}
