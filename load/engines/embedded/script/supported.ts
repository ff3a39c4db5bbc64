/** The parts of k6 that scripts may use; README.md has them as a table. Anything else fails when the script is loaded. */

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

/** The names that each module exports. `default` is an object with all of them. */
export const MODULES: Readonly<Record<string, readonly string[]>> = {
  k6: ['check', 'fail', 'group', 'sleep'],
  'k6/http': HTTP,
  'k6/metrics': ['Counter', 'Gauge', 'Rate', 'Trend'],
  'k6/execution': ['instance', 'scenario', 'vu', 'test'],
  'k6/data': ['SharedArray'],
};

/** Modules that contain only types. As in k6, an import from them is dropped if it is never used as a value. */
export const TYPE_MODULES: ReadonlySet<string> = new Set(['k6/options']);

/** Properties of `k6/execution`, by object. */
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

/** Properties of k6's responses that are not supported: the HTML parser and details of the connection. */
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

/** Globals that the engine provides, as properties of its runtime. */
export const GLOBALS_GIVEN: ReadonlySet<string> = new Set(['__ENV', '__VU', '__ITER', 'open', 'console']);

/** Globals that k6 has but this engine lacks, and globals of Node that k6 lacks. */
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

/** Array methods that may have a blocking callback. They run one element after the other, as in k6. */
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
