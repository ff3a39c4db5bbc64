import { z } from 'zod';
import { shapedAs, SignalClient } from '../signals/index.ts';
import type { SignalAddress, SignalBounds } from '../signals/index.ts';
import type { DashboardProbe, DashboardState, Health } from './probe.ts';

/**
 * HTTP API of Grafana 12 (https://grafana.com/docs/grafana/latest/developers/http_api/): health, data sources and their health, dashboards
 * by UID. Tried against a stand-in that was written from the same documentation (env/local/platform/grafana-stub), never against a Grafana: stubbed.
 */
const health = z.object({ database: z.string(), version: z.string().default('') });
const sources = z.array(z.object({ uid: z.string(), name: z.string(), type: z.string() }));
const sourceHealth = z.object({ status: z.string().optional(), message: z.string().optional() });

interface Panel {
  type?: string | undefined;
  /** Of a copy that Grafana 9 and older kept of a panel that is repeated for each value of a variable. */
  repeatPanelId?: number | null | undefined;
  collapsed?: boolean | undefined;
  panels?: Panel[] | undefined;
}
const panel: z.ZodType<Panel> = z.lazy(() =>
  z.looseObject({
    type: z.string().optional(),
    repeatPanelId: z.number().nullish(),
    panels: z.array(panel).optional(),
    collapsed: z.boolean().optional(),
  }),
);
const dashboard = z.object({
  dashboard: z.looseObject({ panels: z.array(panel).default([]) }),
});

export class GrafanaProbe implements DashboardProbe {
  readonly kind = 'grafana';
  readonly #client: SignalClient;

  constructor(address: SignalAddress) {
    this.#client = new SignalClient(address);
  }

  close(): void {
    this.#client.close();
  }

  async health(bounds: SignalBounds): Promise<Health> {
    const { status, data } = await this.#client.json({ path: '/api/health' }, bounds, [503]);
    const { database, version } = shapedAs(health, data, `${this.#client.url}/api/health`);
    return {
      name: 'Grafana',
      ok: status === 200 && database === 'ok',
      detail: `${version === '' ? 'Grafana' : `Grafana ${version}`}, database ${database}`,
    };
  }

  async dataSources(bounds: SignalBounds): Promise<Health[]> {
    const { data } = await this.#client.json({ path: '/api/datasources' }, bounds);
    const found: Health[] = [];
    for (const { uid, name, type } of shapedAs(sources, data, `${this.#client.url}/api/datasources`)) {
      const path = `/api/datasources/uid/${encodeURIComponent(uid)}/health`;
      // 400 and 500: the source answered the server badly, or not at all. 404: its plugin has no such question.
      const { status, data: said } = await this.#client.json(
        { path },
        bounds,
        [400, 404, 500, 502, 503, 504],
      );
      const { message = '' } = shapedAs(sourceHealth, said ?? {}, `${this.#client.url}${path}`);
      found.push({
        name: `${name} (${type})`,
        ok: status === 200,
        detail: status === 404 ? `its health cannot be queried: ${message}` : message || `status ${status}`,
      });
    }
    return found;
  }

  async dashboard(uid: string, bounds: SignalBounds): Promise<DashboardState> {
    const path = `/api/dashboards/uid/${encodeURIComponent(uid)}`;
    const { status, data } = await this.#client.json({ path }, bounds, [404]);
    if (status === 404) return { found: false, panels: 0, hidden: 0 };
    const { dashboard: one } = shapedAs(dashboard, data, `${this.#client.url}${path}`);
    const panels = shown(one.panels).length;
    return { found: true, panels, hidden: one.panels.flatMap(withOwn).filter(isPanel).length - panels };
  }
}

/** A row is a heading and no panel. Of a repeated panel at least one is shown; copies may be of values that are gone. */
const isPanel = ({ type, repeatPanelId }: Panel): boolean =>
  type !== 'row' && (repeatPanelId ?? null) === null;

/** Rows hold panels of their own, in older dashboards also while they are open; those of a collapsed one are not shown. */
function shown(panels: readonly Panel[]): Panel[] {
  return panels.flatMap((one) => (one.collapsed === true ? [] : withOwn(one))).filter(isPanel);
}

function withOwn(one: Panel): Panel[] {
  return [one, ...(one.panels ?? []).flatMap(withOwn)];
}
