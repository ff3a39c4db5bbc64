/**
 * The script that k6 is given: it hands on all that the real one exports, with the options that the harness replaces. k6 puts a script's
 * options above those of a configuration file, and has no flag or variable for thresholds and hosts, so that only a script can replace them.
 */
import { pathToFileURL } from 'node:url';
import type { LoadRequest, Threshold } from '../engine.ts';

export interface Replaced {
  thresholds?: Readonly<Record<string, readonly Threshold[]>> | undefined;
  hosts?: Readonly<Record<string, string>> | undefined;
}

/** Options of a request that a script cannot state for itself. */
export function replacedBy(request: Pick<LoadRequest, 'options' | 'hosts'>): Replaced {
  return { thresholds: request.options?.thresholds, hosts: request.hosts };
}

/** Lines that make `options` of those of the script, imported as `script`. Thresholds and hosts are replaced key by key. */
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
 * Source for k6's standard input. It runs with the script's folder as working directory, so that `open()`, which k6 resolves against the
 * main module, finds what it found before.
 * @param script absolute path
 */
export function wrapperSource(script: string, replaced: Replaced): string {
  const from = JSON.stringify(pathToFileURL(script).href);
  return [
    `import * as script from ${from};`,
    // What is exported here by name wins over what is handed on.
    `export * from ${from};`,
    ...optionsSource(replaced),
    'export default script.default;',
    '',
  ].join('\n');
}
