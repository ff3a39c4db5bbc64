/** Members that were not read back, since the cluster itself says that they hold no copy of what was written. */
import type { History } from '../../../../reports/record/history/history.ts';
import { all } from '../../../../reports/judge/observed.ts';

type Reading = Pick<History, 'observations'>;

/** Members that hold no copy by the cluster's own word. */
export function withoutCopy(reading: Reading): Set<string> {
  return new Set(all(reading, 'readback-without').map(({ source }) => source));
}

/** Members whose roles allow no data: none of them can have been a replica when a fault was aimed at one. */
export function barredFromData(reading: Reading): Set<string> {
  const said = all(reading, 'readback-without').filter(({ because }) => because === 'roles');
  return new Set(said.map(({ source }) => source));
}

/**
 * What speaks against that word: the member was read back all the same, or led data that its roles do not allow. And a copy that is lost
 * must not hide behind it: as many copies as are declared must have been read.
 */
export function excuseGaps(reading: Reading, history: History): string[] {
  const excuses = all(reading, 'readback-without');
  const read = all(reading, 'readback').filter(({ complete }) => complete);
  const sources = new Set(read.map(({ source }) => source));
  const led = new Set(all(history, 'leader').map(({ leader }) => leader));
  const declared = declaredCopies(history);
  return excuses.flatMap(({ source, because, copies }) => [
    ...(sources.has(source) ? [`${source} was read back, and is said to hold no copy`] : []),
    ...(because === 'roles' && led.has(source)
      ? [`${source} led the data, which its roles do not allow`]
      : []),
    ...(copies === declared && sources.size === declared
      ? []
      : [
          `${source} is said to hold no copy, but of ${declared ?? 'an unknown number of'} declared copies ` +
            `${copies} are listed and ${sources.size} were read back`,
        ]),
  ]);
}

/** Those of which a majority must be there; the other copies only follow. Null: as `declaredCopies`. */
export function electingCopies(history: History): number | null {
  const { header } = history;
  const { enterprise } = header.settings.stores?.[header.check.split('/')[1] ?? ''] ?? {};
  return enterprise?.primaries ?? declaredCopies(history);
}

/** Null: the environment does not say how many copies there are. */
export function declaredCopies({ header }: History): number | null {
  const { index, enterprise } = header.settings.stores?.[header.check.split('/')[1] ?? ''] ?? {};
  if (enterprise !== undefined) return enterprise.primaries + enterprise.secondaries;
  return index === undefined ? null : index.replicas + 1;
}
