/** What of k6 a script may use here: README.md has the same as a table for people. Everything else fails at load. */

/** Calls that block in k6 and are awaited here. */
export const BLOCKING: ReadonlySet<string> = new Set([
  'k6.sleep',
  ...['get', 'head', 'post', 'put', 'patch', 'del', 'options', 'request', 'batch'].map(
    (name) => `k6/http.${name}`,
  ),
]);

const HTTP = [
  'get',
  'head',
  'post',
  'put',
  'patch',
  'del',
  'options',
  'request',
  'batch',
  'asyncRequest',
  'setResponseCallback',
  'expectedStatuses',
  'cookieJar',
  'CookieJar',
  'url',
];

/** The names that each module exports; `default` is an object of them all. */
export const MODULES: Readonly<Record<string, readonly string[]>> = {
  k6: ['check', 'fail', 'group', 'sleep'],
  'k6/http': HTTP,
  'k6/metrics': ['Counter', 'Gauge', 'Rate', 'Trend'],
  'k6/execution': ['instance', 'scenario', 'vu', 'test'],
  'k6/data': ['SharedArray'],
};

/** Modules that hold nothing but types: an import of them that is never used as a value is dropped, as k6 does. */
export const TYPE_MODULES: ReadonlySet<string> = new Set(['k6/options']);

/** What `k6/execution` tells, by object. */
export const EXECUTION: Readonly<Record<string, readonly string[]>> = {
  instance: [
    'iterationsInterrupted',
    'iterationsCompleted',
    'vusActive',
    'vusInitialized',
    'currentTestRunDuration',
  ],
  scenario: ['name', 'executor', 'startTime', 'progress', 'iterationInInstance', 'iterationInTest'],
  vu: ['iterationInInstance', 'iterationInScenario', 'idInInstance', 'idInTest', 'tags', 'metrics'],
  test: ['abort', 'options'],
};

/** What k6's responses have and these have not: an HTML parser, and details of the connection. */
export const RESPONSE_REFUSED: ReadonlySet<string> = new Set([
  'html',
  'submitForm',
  'clickLink',
  'remote_ip',
  'remote_port',
  'tls_version',
  'tls_cipher_suite',
  'ocsp',
]);

/** Globals that the engine gives, and how the rewritten code reaches them. */
export const GLOBALS_GIVEN: ReadonlySet<string> = new Set(['__ENV', '__VU', '__ITER', 'open', 'console']);

/** Globals that k6 has and this engine has not, and those that neither has but Node would. */
export const GLOBALS_REFUSED: ReadonlySet<string> = new Set([
  'require',
  'module',
  'exports',
  'eval',
  'Function',
  'globalThis',
  'global',
  'process',
  'Buffer',
  'fetch',
  'setTimeout',
  'clearTimeout',
  'setInterval',
  'clearInterval',
  'setImmediate',
  'clearImmediate',
  'queueMicrotask',
  'crypto',
  'WebSocket',
  'ReadableStream',
  'TextEncoder',
  'TextDecoder',
  'URL',
  'URLSearchParams',
  'performance',
  'structuredClone',
  '__dirname',
  '__filename',
]);

/** Array methods that can run a blocking callback: one element after the other, as k6 does. */
export const SEQUENTIAL: ReadonlySet<string> = new Set([
  'forEach',
  'map',
  'filter',
  'find',
  'findIndex',
  'some',
  'every',
  'flatMap',
  'reduce',
]);

export function refusedModule(specifier: string): string {
  const known = Object.keys(MODULES).join(', ');
  if (/^[a-z]+:\/\//i.test(specifier))
    return `import of '${specifier}': modules from a URL are not fetched; save the file beside the script and import it by a relative path`;
  return `import of '${specifier}' is not supported by the embedded engine (it has ${known} and relative files)`;
}
