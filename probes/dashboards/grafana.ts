import { z } from 'zod';
import { shapedAs, SignalClient } from '../signals/index.ts';
import type { SignalAddress, SignalBounds } from '../signals/index.ts';
import type { DashboardProbe, DashboardState, Health, SourceHealth } from './probe.ts';

/**
 * HTTP API of Grafana 12 (https://grafana.com/docs/grafana/latest/developers/http_api/): health, data sources and their health, dashboards
 * by UID; with the login of a user, or the token of a service account. Tried against a stand-in that was written from the same documentation (env/local/platform/grafana-stub), never against a Grafana: stubbed.
 */
const health = z.object({ database: z.string(), version: z.string().default('') });
const sources = z.array(z.object({ uid: z.string(), name: z.string(), type: z.string() }));
const sourceHealth = z.object({
  status: z.string().optional(),
  message: z.string().optional(),
  messageId: z.string().optional(),
});

/**
 * Why a server cannot ask a source, from pkg/plugins/errors.go of Grafana 11 and later: its plugin has no part in the server, as
 * that of Alertmanager has none, or has no such question. Before 9.2 there was a 404 without an id. A plugin that is not there is another matter.
 */
const NOT_ASKED = ['plugin.unavailable', 'plugin.notImplemented'];
const NO_QUESTION = /does not support health|not implemented|^not found$/i;
/** What the source answered the server badly, or not at all, and what the server itself cannot do. */
const SAID = [400, 403, 404, 500, 501, 502, 503, 504];

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

  async dataSources(bounds: SignalBounds): Promise<SourceHealth[]> {
    const { data } = await this.#client.json({ path: '/api/datasources' }, bounds);
    const found: SourceHealth[] = [];
    for (const { uid, name, type } of shapedAs(sources, data, `${this.#client.url}/api/datasources`)) {
      const path = `/api/datasources/uid/${encodeURIComponent(uid)}/health`;
      const { status, data: said } = await this.#client.json({ path }, bounds, SAID);
      const health = shapedAs(sourceHealth, said ?? {}, `${this.#client.url}${path}`);
      found.push({ name: `${name} (${type})`, ...healthOf(status, health) });
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

function healthOf(
  status: number,
  { message = '', messageId = '' }: z.infer<typeof sourceHealth>,
): Pick<SourceHealth, 'ok' | 'detail'> {
  const detail = message || `status ${status}`;
  if (status === 403) return { ok: null, detail: `this account may not ask its health: ${detail}` };
  if (NOT_ASKED.includes(messageId) || status === 501 || (status === 404 && NO_QUESTION.test(message)))
    return { ok: null, detail: `Grafana cannot ask its health: ${detail}` };
  return { ok: status === 200, detail };
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
