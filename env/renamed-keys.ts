/** Keys of environment files that earlier versions named differently: an old key is answered with its new name, not with a guess. */
const RENAMED_KEYS: Readonly<Record<string, string>> = {
  workload: 'clientLoad',
  workloadStop: 'clientLoadStop',
  mark: 'correlationId',
  markHeader: 'correlationHeader',
  markTag: 'correlationTag',
};

/** The new name of a renamed key, if that key is allowed there. */
export function renamedKey(key: string, known: readonly string[]): string | null {
  const now = Object.hasOwn(RENAMED_KEYS, key) ? RENAMED_KEYS[key] : undefined;
  return now !== undefined && known.includes(now) ? now : null;
}

/** Keys that earlier versions had elsewhere, and where they are now. */
const MOVED_KEYS: Readonly<Record<string, string>> = {
  'topology.edge.correlationHeader': 'application.follow: { echo: HEADER }',
  'topology.edge.markHeader': 'application.follow: { echo: HEADER }',
  'topology.edge.backend.apiPath': 'the path of topology.edge.url',
  'telemetry.canary.method': 'application.requests.create.method',
  'telemetry.canary.path': 'application.requests.create.path',
  'telemetry.canary.body': 'application.requests.create.body',
  'ai.url': 'application.requests.draft',
};

/** Where the key at this path is now; null: it was never there. */
export function movedKey(path: string): string | null {
  return Object.hasOwn(MOVED_KEYS, path) ? (MOVED_KEYS[path] ?? null) : null;
}
