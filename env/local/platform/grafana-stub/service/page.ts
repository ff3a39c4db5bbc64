/** The page of a dashboard. Each panel asks for its own data, as Grafana's do; panels and their errors have the markers of Grafana 12 (its package e2e-selectors). */
export const PAGE = `<!doctype html>
<meta charset="utf-8">
<title>A stand-in for Grafana</title>
<main></main>
<script type="module">
const append = (parent, name, text, attributes = {}) => {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.textContent = text;
  parent.append(element);
  return element;
};
const framesOf = async (queries) => {
  const answer = await fetch('/api/ds/query', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ from: 'now-15m', to: 'now', queries }),
  });
  const results = Object.values((await answer.json()).results);
  const failed = results.find(({ error }) => error !== undefined);
  if (failed !== undefined) throw new Error(failed.error);
  return results.flatMap(({ frames }) => frames);
};
const show = async ({ id, title, targets }) => {
  const panel = append(document.querySelector('main'), 'section', '', { 'data-viz-panel-key': 'panel-' + id });
  append(panel, 'h2', title);
  try {
    const frames = await framesOf(targets);
    if (frames.length === 0) append(panel, 'p', 'No data');
    for (const { schema, data } of frames)
      append(panel, 'p', JSON.stringify(schema.fields[1].labels) + ' ' + data.values[1].at(-1));
  } catch (error) {
    append(panel, 'button', error.message, { 'data-testid': 'data-testid Panel status error' });
  }
};
const answer = await fetch('/api/dashboards/uid/' + location.pathname.split('/')[2]);
const { dashboard } = await answer.json();
append(document.querySelector('main'), 'h1', dashboard.title);
await Promise.all(dashboard.panels.map(show));
</script>
`;
