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
