/** HTML page of a dashboard. Panels and their errors have the markers of Grafana 12 (its package e2e-selectors). */

/** The page: the server inserts only the title; the script does the rest. */
export function dashboardPage(title: string): string {
  return page(title, `<main id="panels"></main>\n<script>${PAGE_SCRIPT}</script>`);
}

export function notFoundPage(): string {
  return page('Dashboard not found', '<main>Dashboard not found</main>');
}

function page(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>${escaped(title)} - Grafana (stand-in)</title><style>${STYLE}</style></head>
<body>
<h1>${escaped(title)}</h1>
<p>A stand-in for Grafana</p>
${body}
</body>
</html>
`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}

const STYLE = `body { font: 14px sans-serif; margin: 1rem; background: #111217; color: #ccccdc }
main { display: grid; grid-template-columns: 1fr 1fr; gap: .5rem }
section { background: #181b1f; border: 1px solid #2e3136; padding: .5rem; min-height: 8rem }
h2 { font-size: 1rem; margin: 0 } h2 button { float: right; background: #d10e5c; color: #fff; border: 0 }
svg { width: 100%; height: 4rem } polyline { fill: none; stroke: #73bf69; vector-effect: non-scaling-stroke }`;

/**
 * Each panel sends its own queries to the server, as Grafana's panels do. A panel shows an error if a query fails or is not answered. A
 * panel without series shows "No data", which is not an error.
 */
export const PAGE_SCRIPT = `
const uid = decodeURIComponent(location.pathname.split('/')[2]);
const root = document.getElementById('panels');
const made = (name, attributes, text) => {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text !== undefined) element.textContent = text;
  return element;
};
const flat = (panels) => panels.flatMap((one) => (one.type === 'row' ? flat(one.panels ?? []) : [one]));
const nameOf = (labels) => Object.entries(labels ?? {}).map(([key, value]) => key + '=' + value).join(', ') || 'value';
const line = (values) => {
  const known = values.map((one) => one ?? 0);
  const [low, high] = [Math.min(...known), Math.max(...known)];
  const y = (value) => 30 - (30 * (value - low)) / (high - low || 1);
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  svg.setAttribute('viewBox', '0 0 ' + Math.max(1, known.length - 1) + ' 30');
  svg.setAttribute('preserveAspectRatio', 'none');
  const path = document.createElementNS('http://www.w3.org/2000/svg', 'polyline');
  path.setAttribute('points', known.map((value, at) => at + ',' + y(value)).join(' '));
  svg.append(path);
  return svg;
};
const asked = async (panel) => {
  const queries = panel.targets.map((target) => ({ ...target, datasource: target.datasource ?? panel.datasource }));
  const answer = await fetch('/api/ds/query', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ from: 'now-15m', to: 'now', queries }),
  });
  const said = await answer.json();
  const results = Object.values(said.results ?? {});
  const error = results.find((one) => one.error)?.error ?? (answer.ok ? undefined : said.message ?? 'status ' + answer.status);
  if (error !== undefined) throw new Error(error);
  return results.flatMap((one) => one.frames ?? []);
};
const show = async (panel) => {
  const outer = made('div', { 'data-viz-panel-key': 'panel-' + panel.id });
  const section = made('section', { 'data-testid': 'data-testid Panel header ' + panel.title });
  const header = made('h2', { title: panel.title }, panel.title);
  const content = made('div', { 'data-testid': 'data-testid panel content' });
  section.append(header, content);
  outer.append(section);
  root.append(outer);
  try {
    const frames = await asked(panel);
    if (frames.length === 0) content.append(made('p', {}, 'No data'));
    for (const frame of frames) {
      const values = frame.data.values[1];
      content.append(made('p', {}, nameOf(frame.schema.fields[1].labels) + ': ' + values.at(-1)));
      if (values.length > 1) content.append(line(values));
    }
  } catch (error) {
    const mark = { 'data-testid': 'data-testid Panel status error', 'aria-label': 'Panel status', title: error.message };
    header.append(made('button', mark, '!'));
  }
};
const load = async () => {
  const answer = await fetch('/api/dashboards/uid/' + encodeURIComponent(uid));
  const { dashboard } = await answer.json();
  await Promise.all(flat(dashboard.panels).map(show));
};
const loaded = load();
`;
