/**
 * The main module that k6 runs: it re-exports the script, with addresses of hosts added. Only a script can set these: k6 has no flag or variable
 * for them, and a script's options take precedence over a configuration file.
 */
import { pathToFileURL } from 'node:url';
import type { LoadRequest } from '../engine.ts';

/** Source of the main module, for k6's standard input. k6 runs in the script's folder, since it resolves paths of `open()` against the main module. */
export function wrapperSource({ script, hosts = {} }: Pick<LoadRequest, 'script' | 'hosts'>): string {
  const from = JSON.stringify(pathToFileURL(script).href);
  return [
    `import * as script from ${from};`,
    // A named export of this module takes precedence over `export *`.
    `export * from ${from};`,
    'const own = script.options || {};',
    `export const options = Object.assign({}, own, { hosts: Object.assign({}, own.hosts, ${JSON.stringify(hosts)}) });`,
    'export default script.default;',
    '',
  ].join('\n');
}
