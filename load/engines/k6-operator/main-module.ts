/** The module that every pod runs: the script with the harness's options, and a summary between markers in the pod's log. */
import type { Replaced } from '../k6/wrapper.ts';
import { optionsSource } from '../k6/wrapper.ts';

export const BEGIN = 'PLUMBLINE-SUMMARY-BEGIN';
export const END = 'PLUMBLINE-SUMMARY-END';
/** Begins each line of the summary: a pod's log has standard error as well, whose lines may come between these. */
export const MARK = 'PLUMBLINE-SUMMARY ';
/** Characters per line of the summary; container runtimes split lines at 16 KiB. */
const LINE = 8000;

/** Statistics of trends in the summary; percentiles that thresholds name are added. */
const STATS = ['count', 'min', 'avg', 'med', 'max', 'p(90)', 'p(95)', 'p(99)', 'p(99.9)'];

/**
 * Source of the main module. It adds thresholds that are always met: only for these does k6 put counts by scenario into the summary.
 * @param entry file name of the script, in the same folder
 */
export function mainModule(entry: string, replaced: Replaced): string {
  const from = JSON.stringify(`./${entry}`);
  const [own = '', ...rest] = optionsSource(replaced);
  return [
    `import * as script from ${from};`,
    `export * from ${from};`,
    own,
    'const added = {};',
    'Object.keys(own.scenarios || {}).forEach(function (name) {',
    "  ['iterations', 'dropped_iterations'].forEach(function (metric) {",
    "    added[metric + '{scenario:' + name + '}'] = ['count>=0'];",
    '  });',
    '});',
    `const stats = ${JSON.stringify(STATS)};`,
    ...rest,
    '(JSON.stringify(options.thresholds).match(/p\\([0-9.]+\\)/g) || []).forEach(function (stat) {',
    '  if (stats.indexOf(stat) === -1) stats.push(stat);',
    '});',
    'options.thresholds = Object.assign({}, added, options.thresholds);',
    'options.summaryTrendStats = stats;',
    'export default script.default;',
    'function told(data) {',
    '  const text = JSON.stringify({',
    '    metrics: data.metrics, root_group: data.root_group, state: data.state,',
    '    scenarios: own.scenarios || {}, added: Object.keys(added),',
    '  });',
    `  const lines = [${JSON.stringify(BEGIN)}];`,
    `  for (let at = 0; at < text.length; at += ${LINE}) {`,
    `    lines.push(${JSON.stringify(MARK)} + text.slice(at, at + ${LINE}));`,
    '  }',
    `  return '\\n' + lines.concat(${JSON.stringify(END)}).join('\\n') + '\\n';`,
    '}',
    'export function handleSummary(data) {',
    "  const theirs = (typeof script.handleSummary === 'function' && script.handleSummary(data)) || {};",
    "  const before = typeof theirs.stdout === 'string' ? theirs.stdout : '';",
    '  return Object.assign({}, theirs, { stdout: before + told(data) });',
    '}',
    '',
  ].join('\n');
}
