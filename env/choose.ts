import { declaredWords, declaresPart } from './declared-words.ts';
import { CommandError, EXIT } from '../host/errors.ts';
import { traitsOf } from './providers/declared.ts';
import type { Provisioned } from './provisioned.ts';
import { PART_NAMES, STORES } from './schema.ts';
import type { Environment, EnvironmentFile, PartName, StoreName } from './schema.ts';
import { lackingNeeds } from './schema/parts.ts';
import { nameOf } from '../reports/record/names/topology-names.ts';

/** Given alone to `--with`: everything that an environment declares. */
const ALL = 'all';

/** An environment file with the stores and parts that were chosen, and the names of the others. */
export type Chosen = EnvironmentFile &
  Pick<Environment, 'leftOut' | 'partsLeftOut' | 'notSelected' | 'workloadsLeftOut' | 'behindEdgeLeftOut'>;

/**
 * Applies the choice of stores and parts to a file whose size has been applied. What is provisioned here has only what it was
 * provisioned with: the rest is removed. Elsewhere everything declared exists: the choice only selects checks, so a check of all stores
 * still covers all.
 * @param wanted see LoadOptions.with (loader.ts)
 * @param provisioned state of this environment if this machine provisions it
 * @throws CommandError (64) for a word that the file does not declare, or one that lacks what it needs
 */
export function choose(
  file: EnvironmentFile,
  wanted: readonly string[] | 'provisioned' | undefined,
  provisioned?: Provisioned,
): Chosen {
  const { data, unplaced } = placed(file);
  const words = declaredWords(data);
  const chosen = wanted === 'provisioned' ? provisionedOf(words, provisioned) : everyWord(wanted, words);
  const whole = { ...data, leftOut: [], partsLeftOut: unplaced, notSelected: [] };
  if (chosen === undefined) return whole;
  requireDeclared(data, chosen, words);
  if (traitsOf(data).asProvisioned !== true)
    return { ...whole, notSelected: words.filter((word) => !chosen.includes(word)) };
  const parts = PART_NAMES.filter((part) => declaresPart(data, part) && !chosen.includes(part));
  const remaining = withoutParts(withoutStores(data, chosen), parts);
  const left = data.topology.workloads.filter((one) => !remaining.topology.workloads.includes(one));
  return {
    ...withoutEdgeTo(left, remaining),
    workloadsLeftOut: left.map(nameOf),
    leftOut: STORES.filter((name) => data.stores[name] !== undefined && !chosen.includes(name)),
    partsLeftOut: [...unplaced, ...parts],
    notSelected: [],
  };
}

/** Without a pool for devices a size cannot have them, even if they are requested. */
function placed(file: EnvironmentFile): { data: EnvironmentFile; unplaced: PartName[] } {
  const { gpu, topology } = file;
  if (gpu === undefined || topology.pools.some(({ name }) => name === gpu.pool))
    return { data: file, unplaced: [] };
  return { data: withoutParts(file, ['gpu']), unplaced: ['gpu'] };
}

function withoutParts(data: EnvironmentFile, parts: readonly PartName[]): EnvironmentFile {
  const names: readonly string[] = parts;
  const kept = Object.fromEntries(Object.entries(data).filter(([name]) => !names.includes(name)));
  const { topology } = data;
  const workloads = topology.workloads.filter(({ part }) => part === undefined || !parts.includes(part));
  return { ...(kept as EnvironmentFile), topology: { ...topology, workloads } };
}

function withoutStores(data: EnvironmentFile, chosen: readonly string[]): EnvironmentFile {
  const keeps = (name: StoreName): boolean => chosen.includes(name);
  const { topology } = data;
  return {
    ...data,
    stores: Object.fromEntries(Object.entries(data.stores).filter(([name]) => keeps(name as StoreName))),
    topology: {
      ...topology,
      workloads: topology.workloads.filter(({ store, accompanies }) =>
        [store, accompanies].every((name) => name === undefined || keeps(name)),
      ),
    },
  };
}

/** An edge leads to nobody where the Deployment behind it is left out. */
function withoutEdgeTo(
  left: EnvironmentFile['topology']['workloads'],
  data: EnvironmentFile,
): EnvironmentFile & Pick<Environment, 'behindEdgeLeftOut'> {
  const { application: _, topology, ...rest } = data;
  const { edge, ...others } = topology;
  if (edge?.backend === undefined) return data;
  const behind = nameOf({ kind: 'Deployment', ...edge.backend.deployment });
  if (!left.some((one) => nameOf(one) === behind)) return data;
  return { ...rest, topology: others, behindEdgeLeftOut: behind };
}

function provisionedOf(words: readonly string[], provisioned: Provisioned | undefined): string[] | undefined {
  if (provisioned === undefined) return undefined;
  const there = provisioned.words();
  return words.filter((word) => there.includes(word));
}

/** `all` stands for every word that the file declares in its size. */
function everyWord(
  wanted: readonly string[] | undefined,
  words: readonly string[],
): readonly string[] | undefined {
  return wanted?.length === 1 && wanted[0] === ALL ? words : wanted;
}

function requireDeclared(data: EnvironmentFile, wanted: readonly string[], words: readonly string[]): void {
  const { ownedByUs, size: has } = traitsOf(data);
  for (const word of wanted) {
    if (words.includes(word)) continue;
    const size = has === undefined ? '' : ` in its size ${has}`;
    throw new CommandError(
      `${data.name} declares no store or part "${word}"${size}; it declares: ${words.join(', ')}; "${ALL}" alone means all of them`,
      EXIT.usage,
    );
  }
  if (!ownedByUs) return;
  const lacking = lackingNeeds(wanted);
  if (lacking !== null) throw new CommandError(`${data.name}: ${lacking}`, EXIT.usage);
  if (wanted.includes('postgres')) return;
  throw new CommandError(
    `${data.name}: --with must include postgres, since the platform's own service writes to it; found: ${wanted.join(', ')}`,
    EXIT.usage,
  );
}
