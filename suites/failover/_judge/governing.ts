/** Settings that govern a failover: every one of each store must have been read, have the right type, and match the environment file. */
import type { History } from '../../../reports/record/history/history.ts';
import type { Seen } from '../../../reports/record/observations/index.ts';
import { allowedValues } from '../../../reports/record/settings.ts';
import { hiddenText, overrideReason, overrideText } from '../../../reports/record/setting-overrides.ts';
import { managerFacts, storeFacts } from '../../../reports/record/facts/store-facts.ts';
import type { SettingKinds, StoreFacts } from '../../../reports/record/facts/store-facts.ts';
import { all } from '../../../reports/judge/observed.ts';
import type { HeaderStore } from '../../../reports/judge/topology/declared.ts';
import { storeOf } from './evidence.ts';
import { trialOf } from './trial.ts';
import { declaredCopies } from './writes/without-copy.ts';

export function governingGap(history: History): string | null {
  const store = storeOf(history.header);
  const seen = all(history, 'governing');
  // The evidence rules already report that nothing was read.
  if (seen.length === 0) return null;
  const names = new Set(seen.map(({ name }) => name));
  const governing = governingOf(history, store);
  const kinds = kindsFor(governing, names);
  const missing = Object.keys(kinds).filter((name) => !names.has(name));
  if (missing.length > 0) return `settings that govern the failover were not read: ${missing.join(', ')}`;
  return (
    kindGap(seen, kinds) ??
    declaredGap(seen, history.header.settings.stores?.[store] ?? {}) ??
    relationGap(history, new Map(seen.map(({ name, value }) => [name, Number(value)])))
  );
}

/** Those of its manager come first, where one is declared; without one nobody has them. */
function governingOf({ header }: History, store: string): StoreFacts['governing'] {
  const { governing } = storeFacts(store);
  const declared = header.settings.stores?.[store];
  if (governing.instead !== undefined && declared?.[governing.instead.by] !== undefined)
    return { ...governing, read: governing.instead.read };
  const own = managerFacts(store, declared).governing;
  return { ...governing, read: { ...own, ...governing.read } };
}

function kindsFor({ read, perThing = {} }: StoreFacts['governing'], seen: ReadonlySet<string>): SettingKinds {
  const has = Object.keys(perThing).some((name) => seen.has(name));
  return { ...read, ...(has ? perThing : {}) };
}

function kindGap(seen: readonly Seen<'governing'>[], kinds: SettingKinds): string | null {
  const odd = seen.find(({ name, value }) => kinds[name]?.test(value) === false);
  return odd === undefined ? null : `${odd.name} is ${JSON.stringify(odd.value)}, which is not a valid value`;
}

/** A setting has a declared value in one place at least, and whoever overrides it has one too. */
function declaredGap(
  seen: readonly Seen<'governing'>[],
  { durability = {}, durabilityOverrides }: Pick<HeaderStore, 'durability' | 'durabilityOverrides'>,
): string | null {
  for (const [name, declared] of Object.entries(durability)) {
    const allowed = allowedValues(declared);
    const named = seen.filter((one) => one.name === name);
    const gap = ownGap(named, allowed) ?? overrideGap(named, allowed, durabilityOverrides);
    if (gap !== null)
      return `${name} is declared as ${allowed.map((one) => JSON.stringify(one)).join(' or ')}, ${gap}`;
  }
  return null;
}

/** What the server itself has. */
function ownGap(named: readonly Seen<'governing'>[], allowed: readonly string[]): string | null {
  const own = named.filter(({ override, hiddenBy }) => (override ?? hiddenBy) === undefined);
  if (own.length > 0 && !own.some(({ value }) => allowed.includes(value)))
    return 'but has another value in the store';
  for (const { hiddenBy, value } of named)
    if (hiddenBy !== undefined) return `and ${hiddenText(hiddenBy, value)}`;
  return null;
}

/** What others have in its place. */
function overrideGap(
  named: readonly Seen<'governing'>[],
  allowed: readonly string[],
  letOff: HeaderStore['durabilityOverrides'],
): string | null {
  for (const { override, value } of named)
    if (override !== undefined && !allowed.includes(value) && overrideReason(override, letOff) === null)
      return `but is ${JSON.stringify(value)} for ${overrideText(override)}`;
  return null;
}

/** Relations between two settings that the store itself requires. A setting that was not read is NaN and violates none. */
function relationGap(history: History, of: ReadonlyMap<string, number>): string | null {
  const at = (name: string): number => of.get(name) ?? Number.NaN;
  const { members } = trialOf(history);
  const count = members ?? Number.NaN;
  // Neo4j Enterprise lists the members that hold the database.
  const listed = declaredCopies(history) ?? count;
  const broken: readonly (readonly [boolean, string])[] = [
    [at('ttl') <= at('loop_wait'), 'the leader lease (ttl) expires before it is renewed (loop_wait)'],
    [at('num-slaves') < count - 1, 'Sentinel knows fewer replicas than declared'],
    [at('quorum') > at('num-other-sentinels') + 1, 'the quorum is larger than the number of Sentinels'],
    [at('WAIT replicas') > at('num-slaves'), 'WAIT asks for more replicas than there are'],
    [
      at('members') < listed || at('members') > listed,
      'the store has another number of members than declared, or of copies of its database',
    ],
  ];
  return broken.find(([is]) => is)?.[1] ?? null;
}
