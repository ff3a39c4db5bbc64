/** Keys of environment files that an earlier version called otherwise. Who has an old file is told the key of today, and not to guess. */
const RENAMED_KEYS: Readonly<Record<string, string>> = {
  workload: 'clientLoad',
  workloadStop: 'clientLoadStop',
  mark: 'correlationId',
  markHeader: 'correlationHeader',
  markTag: 'correlationTag',
};

/** What a key is called now, if it had another name and the new one may stand where it was found. */
export function renamedKey(key: string, known: readonly string[]): string | null {
  const now = Object.hasOwn(RENAMED_KEYS, key) ? RENAMED_KEYS[key] : undefined;
  return now !== undefined && known.includes(now) ? now : null;
}
