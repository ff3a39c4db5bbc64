import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { mainModule } from '../main-module.ts';

const trend = (count: number, p95: number): Record<string, number> => ({
  count,
  min: 1,
  avg: p95 / 2,
  med: p95 / 2,
  max: p95 * 2,
  'p(90)': p95,
  'p(95)': p95,
  'p(99)': p95,
  'p(99.9)': p95,
  'p(75)': p95,
});

/** The log of one pod, with the summary that the generated main module prints. @param folder for modules that are made for it */
export async function podLog(
  folder: string,
  requests: number,
  p95: number,
  extra: readonly string[] = [],
): Promise<string> {
  const main = join(folder, `main-${String(Math.random()).slice(2)}.mjs`);
  const source = mainModule('plain.mjs', {});
  await writeFile(
    join(folder, 'plain.mjs'),
    `export const options = { scenarios: { steady: { executor: 'constant-arrival-rate' } },
    thresholds: { http_req_duration: ['p(95)<500'] } };\nexport default () => {};\n`,
  );
  await writeFile(main, source);
  const module = (await import(pathToFileURL(main).href)) as {
    handleSummary: (data: unknown) => { stdout: string };
    options: { thresholds: Record<string, string[]> };
  };
  const metric = (
    type: string,
    values: Record<string, number>,
    name: string,
    contains = 'default',
  ): unknown => ({
    type,
    contains,
    values,
    thresholds: Object.fromEntries(
      (module.options.thresholds[name] ?? []).map((each) => [each, { ok: true }]),
    ),
  });
  const data = {
    metrics: {
      http_reqs: metric('counter', { count: requests, rate: 5 }, 'http_reqs'),
      http_req_failed: metric('rate', { rate: 0.1, passes: 1, fails: requests - 1 }, 'http_req_failed'),
      http_req_duration: metric('trend', trend(requests, p95), 'http_req_duration', 'time'),
      vus: metric('gauge', { value: 2, min: 1, max: 3 }, 'vus'),
      'iterations{scenario:steady}': metric('counter', { count: requests }, 'iterations{scenario:steady}'),
      'dropped_iterations{scenario:steady}': metric(
        'counter',
        { count: 1 },
        'dropped_iterations{scenario:steady}',
      ),
    },
    root_group: {
      name: '',
      path: '',
      checks: [{ name: 'ok', passes: requests - 1, fails: 1 }],
      groups: [{ name: 'g', path: '::g', checks: [{ name: 'ok', passes: 1, fails: 0 }], groups: [] }],
    },
    state: { testRunDurationMs: 2000 },
    setup_data: { token: 'secret of the target' },
  };
  const progress = `running (02.0s), 0/2 VUs, ${requests} complete and 1 interrupted iterations`;
  return [...extra, progress, module.handleSummary(data).stdout].join('\n');
}
