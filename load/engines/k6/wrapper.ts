/**
 * The main module that k6 runs: it re-exports the script, with the options that the harness replaces. Only a script can replace thresholds
 * and hosts: k6 has no flag or variable for them, and a script's options take precedence over a configuration file.
 */
import { pathToFileURL } from 'node:url';
import type { LoadRequest, Threshold } from '../engine.ts';

export interface Replaced {
  thresholds?: Readonly<Record<string, readonly Threshold[]>> | undefined;
  hosts?: Readonly<Record<string, string>> | undefined;
}

/** The options of a request that replace the script's own. */
export function replacedBy(request: Pick<LoadRequest, 'options' | 'hosts'>): Replaced {
  return { thresholds: request.options?.thresholds, hosts: request.hosts };
}

/** Lines of code that export `options`: those of the script (imported as `script`) with thresholds and hosts replaced key by key. */
export function optionsSource({ thresholds = {}, hosts = {} }: Replaced): string[] {
  return [
    'const own = script.options || {};',
    'export const options = Object.assign({}, own, {',
    `  thresholds: Object.assign({}, own.thresholds, ${JSON.stringify(thresholds)}),`,
    `  hosts: Object.assign({}, own.hosts, ${JSON.stringify(hosts)}),`,
    '});',
  ];
}

/**
 * Source of the main module, for k6's standard input. k6 runs in the script's folder, since it resolves paths of `open()` against the main
 * module.
 * @param script absolute path
 */
export function wrapperSource(script: string, replaced: Replaced): string {
  const from = JSON.stringify(pathToFileURL(script).href);
  return [
    `import * as script from ${from};`,
    // A named export of this module takes precedence over `export *`.
    `export * from ${from};`,
    ...optionsSource(replaced),
    'export default script.default;',
    '',
  ].join('\n');
}
