import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { load, serve } from '../_testing/loads.ts';
import type { Ran } from '../_testing/loads.ts';
import { HEAD } from '../_testing/scripts.ts';

/** Runs a script with a threshold on each of these sub-metrics. @returns how many samples each one got */
async function counts(
  names: readonly string[],
  options: string,
  code: string,
): Promise<Record<string, number>> {
  await using server = await serve();
  const thresholds = Object.fromEntries(names.map((name) => [name, ['count>=0']]));
  const text = `${HEAD}import exec from 'k6/execution'; const U = __ENV.URL;
    export const options = { thresholds: ${JSON.stringify(thresholds)}, ${options} }; ${code}`;
  const result: Ran = await load(text, server.url);
  assert.equal(result.outcome, 'completed', result.reason);
  assert.deepEqual(
    result.errors.filter(({ error }) => !error.startsWith('dial: ')),
    [],
    result.logs.join('\n'),
  );
  return Object.fromEntries(
    names.map((name) => {
      const metric = result.metrics[name];
      return [name, metric?.type === 'counter' ? metric.count : 0];
    }),
  );
}

describe('tags', () => {
  it('should be the script’s where it names things, and k6’s where it does not', async () => {
    const wanted = {
      // As in k6, a name from the script replaces the URL too.
      'http_reqs{name:of the request}': 1,
      'http_reqs{url:of the request}': 1,
      'http_reqs{name:of the scenario}': 1,
      'http_reqs{name:of the VU}': 1,
      'http_reqs{url:of the VU}': 1,
      // A script cannot override the status of a response.
      'http_reqs{status:teapot}': 0,
      'http_reqs{method:MINE}': 0,
      'http_reqs{status:200}': 4,
      // Values are converted to strings.
      'http_reqs{number:5}': 1,
      // The request of setup has no scenario tag, but the load's.
      'http_reqs{scenario:s}': 3,
      'http_reqs{scenario:default}': 0,
      'http_reqs{of:the load}': 4,
      'http_reqs{group:::setup}': 1,
      'http_reqs{group:}': 3,
      'http_reqs{absent:}': 0,
    };
    const seen = await counts(
      Object.keys(wanted),
      `tags: { of: 'the load' }, scenarios: { s: { executor: 'per-vu-iterations', tags: { name: 'of the scenario' } } }`,
      `export function setup() { http.get(U); }
      export default () => {
        http.get(U, { tags: { name: 'of the request', status: 'teapot', method: 'MINE' } });
        http.get(U);
        exec.vu.tags.name = 'of the VU'; exec.vu.metrics.tags.number = 5;
        check(exec.vu.tags, { text: (tags) => tags.number === '5' && Object.keys(tags).includes('scenario') });
        try { exec.vu.tags.wrong = {}; exec.vu.tags.kept = 'yes'; } catch { /* as it should be */ }
        check(exec.vu.tags, { refused: (tags) => tags.kept === undefined });
        http.get(U);
      }`,
    );
    assert.deepEqual(seen, wanted);
  });

  it('should be the script’s where k6’s own are off', async () => {
    const wanted = {
      'http_reqs{name:mine}': 1,
      'http_reqs{status:mine}': 1,
      'http_reqs{method:GET}': 2,
      'http_reqs{url:mine}': 0,
      'http_reqs{vu:1}': 0,
    };
    const seen = await counts(
      Object.keys(wanted),
      `systemTags: ['method', 'vu']`,
      `export default () => { http.get(U, { tags: { name: 'mine', status: 'mine' } }); http.get(U); }`,
    );
    assert.deepEqual(seen, wanted);
  });

  it('should hide name and password of a URL, and know its template', async () => {
    const wanted = {
      'http_reqs{name:http://****:****@127.0.0.1:1/}': 1,
      'http_reqs{name:http://127.0.0.1:1/${}}': 1,
      'http_reqs{url:http://127.0.0.1:1/${}}': 1,
      'http_reqs{name:http://127.0.0.1:1}': 1,
      'http_reqs{error_code:1212}': 3,
      'http_reqs{status:0}': 3,
    };
    const seen = await counts(
      Object.keys(wanted),
      `vus: 1`,
      `export default () => { http.get('http://me:secret@127.0.0.1:1/'); http.get(http.url\`http://127.0.0.1:1/\${5}\`); http.get('http://127.0.0.1:1'); }`,
    );
    assert.deepEqual(seen, wanted);
  });
});
