import { z } from 'zod';
import { shapedAs, SignalClient, SignalError } from '../signals/index.ts';
import type { SignalAddress, SignalBounds } from '../signals/index.ts';

/** One thing that was queried, and whether it is well. */
export interface Health {
  name: string;
  ok: boolean;
  detail: string;
}

/** A data source; null: the server cannot ask it, which says nothing of it. */
export interface SourceHealth extends Omit<Health, 'ok'> {
  ok: boolean | null;
  /** It did not answer, or something else did in its place: whether it is broken is unknown. */
  isUnanswered?: true;
}

export interface DashboardState {
  found: boolean;
  /** Panels that are shown at once, at the least: those of a collapsed row are not. */
  panels: number;
  /** Those that are not. */
  hidden: number;
}

/**
 * HTTP API of Grafana 12 (https://grafana.com/docs/grafana/latest/developers/http_api/): health, data sources and their health, dashboards
 * by UID; with the login of a user, or the token of a service account. Tried against a stand-in that was written from the same documentation (env/local/platform/grafana-stub), never against a Grafana: not met yet.
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
const UNAVAILABLE = /^plugin unavailable/i;
/** In answers without a status of health and without an id: of versions before 9.2, and of a source that is not there. */
const OWN_WORDS = /^plugin |data ?source/i;
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
const message = z.object({ message: z.string().optional() });
const searched = z.array(z.object({ uid: z.string() }));
const dashboard = z.object({
  dashboard: z.looseObject({ panels: z.array(panel).default([]) }),
});

/** A Grafana. Methods reject with a SignalError if it does not answer. */
export class GrafanaProbe {
  readonly #client: SignalClient;

  constructor(address: SignalAddress) {
    this.#client = new SignalClient(address);
  }

  close(): void {
    this.#client.close();
  }

  /**
   * A dashboard is not there only where Grafana says so, to an account that sees others: each organisation has its own.
   * @throws SignalError otherwise
   */
  async #others(at: string, data: unknown, bounds: SignalBounds): Promise<void> {
    const { message: said = '' } = shapedAs(message, data ?? {}, at);
    if (!/dashboard.*not found/i.test(said))
      throw new SignalError(`${at}: status 404, not as Grafana says that a dashboard is not there: ${said}`, {
        reason: 'failed',
        status: 404,
      });
    const path = '/api/search?type=dash-db&limit=1';
    if ((await this.#client.get(searched, { path }, bounds)).length > 0) return;
    throw new SignalError(
      `${at}: not found, and this account sees no dashboard at all: maybe another organisation or folder has them (a service account belongs to one organisation, a user is in the one chosen last)`,
      { reason: 'failed', status: 404 },
    );
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

  /** Every data source, as queried by the server itself. */
  async dataSources(bounds: SignalBounds): Promise<SourceHealth[]> {
    const found: SourceHealth[] = [];
    for (const { uid, name, type } of await this.#client.get(sources, { path: '/api/datasources' }, bounds))
      found.push({ name: `${name} (${type})`, ...(await this.#sourceHealth(uid, bounds)) });
    return found;
  }

  /** One that does not answer says nothing of the others. */
  async #sourceHealth(uid: string, bounds: SignalBounds): Promise<Omit<SourceHealth, 'name'>> {
    const path = `/api/datasources/uid/${encodeURIComponent(uid)}/health`;
    try {
      const { status, data } = await this.#client.json({ path }, bounds, SAID);
      return healthOf(status, shapedAs(sourceHealth, data ?? {}, `${this.#client.url}${path}`));
    } catch (error) {
      if (error instanceof SignalError) return { ok: null, detail: error.message, isUnanswered: true };
      throw error;
    }
  }

  async dashboard(uid: string, bounds: SignalBounds): Promise<DashboardState> {
    const path = `/api/dashboards/uid/${encodeURIComponent(uid)}`;
    const { status, data } = await this.#client.json({ path }, bounds, [404]);
    if (status === 404) {
      await this.#others(`${this.#client.url}${path}`, data, bounds);
      return { found: false, panels: 0, hidden: 0 };
    }
    const { dashboard: one } = shapedAs(dashboard, data, `${this.#client.url}${path}`);
    const panels = shown(one.panels).length;
    return { found: true, panels, hidden: one.panels.flatMap(withOwn).filter(isPanel).length - panels };
  }
}

type SaidOfHealth = z.infer<typeof sourceHealth>;

function healthOf(status: number, said: SaidOfHealth): Omit<SourceHealth, 'name'> {
  const { message: text = '' } = said;
  const detail = text || `status ${status}`;
  const unasked = unaskedText(status, said);
  if (unasked !== null) return { ok: null, detail: `${unasked}: ${detail}` };
  if (isOwnWord(status, said)) return { ok: status === 200 && said.status === 'OK', detail };
  return {
    ok: null,
    detail: `status ${status} without a word of Grafana's: ${text || 'nothing said'}; what stands before it may have answered`,
    isUnanswered: true,
  };
}

/** Why the source was not asked at all; null: it was. */
function unaskedText(status: number, { message: text = '', messageId = '' }: SaidOfHealth): string | null {
  if (status === 403) return 'this account may not ask its health';
  const hasNone = NOT_ASKED.includes(messageId) || status === 501 || UNAVAILABLE.test(text);
  return hasNone || (status === 404 && NO_QUESTION.test(text)) ? 'Grafana cannot ask its health' : null;
}

/** Whether Grafana itself says how the source is. An answer of 200 has a status. */
function isOwnWord(http: number, { status, message: text = '', messageId = '' }: SaidOfHealth): boolean {
  if (status !== undefined) return true;
  return http !== 200 && (messageId !== '' || OWN_WORDS.test(text));
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
