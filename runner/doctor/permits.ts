import { traitsOf } from '../../env/providers/declared.ts';
import type { Environment } from '../../env/schema.ts';
import type { PlannedCheck } from '../../suites/catalogue/index.ts';
import { ClusterPermits, PERMIT_NAME } from '../plan/cluster-permit.ts';
import { lockMode } from '../plan/environment-parts.ts';
import { askingOf, outlasting } from '../plan/permits.ts';
import { missing, notNeeded, NOT_REACHED, ok, someOf, unknown } from './item.ts';
import type { Item, Kind, Reached, Situation } from './item.ts';

/** What the environment file permits, and what the owners of the cluster do. */
export const permits: Kind = { name: 'permits', look };

async function look(situation: Situation): Promise<Item[]> {
  const { environment, planned } = situation;
  return [...ofFile(environment, planned), ...(await ofCluster(situation))];
}

/**
 * The checks that a run would run now: one that a profile does not require is left out of its run while the owners do not permit it.
 * @param planned those that nothing else keeps from running
 */
export async function permittedNow({
  environment,
  planned,
  wholeProfile,
  reached,
}: Pick<Situation, 'environment' | 'planned' | 'wholeProfile' | 'reached'>): Promise<PlannedCheck[]> {
  const optional = wholeProfile ? planned.filter((one) => !one.required) : [];
  if (reached === null || optional.length === 0 || traitsOf(environment).ownedByUs) return [...planned];
  const { refused } = await askOwners(environment, optional, reached);
  const isRefused = (one: PlannedCheck): boolean =>
    refused.has(one.row.id) || notForLong(environment, one) !== null;
  return planned.filter((one) => one.required || !isRefused(one));
}

/** Those of the checks that disturb, and which of these the owners do not permit now. */
async function askOwners(
  environment: Environment,
  checks: readonly PlannedCheck[],
  { kube }: Reached,
): Promise<{ disturbing: PlannedCheck[]; refused: Map<string, string>; weakness: string | null }> {
  const disturbing = checks.filter((one) => lockMode(one, environment) === 'exclusive');
  const asked = disturbing.map(({ row: { id } }) => askingOf(environment, id));
  return { disturbing, ...(await new ClusterPermits(kube, environment.namespaces.system).ask(asked)) };
}

/** Why the permit of the file, which holds now, ends before the check's fault is certain to be undone; null: it does not. */
function notForLong(environment: Environment, { row }: PlannedCheck): string | null {
  return traitsOf(environment).ownedByUs ? null : outlasting(environment, askingOf(environment, row.id));
}

function ofFile(environment: Environment, planned: readonly PlannedCheck[]): Item[] {
  const byReason = new Map<string, PlannedCheck[]>();
  for (const one of planned.filter(({ row }) => row.built)) {
    const reason = refusedByFile(environment, one);
    if (reason !== null) byReason.set(reason, [...(byReason.get(reason) ?? []), one]);
  }
  const { permits: given } = environment;
  const said = given.map(
    ({ checks, until }) => `${checks.join(' ')}${until === undefined ? '' : ` until ${until}`}`,
  );
  const file = ok('permits of the file', given.length === 0 ? 'none: checks may only read' : said.join('; '));
  return [file, ...[...byReason].map(([reason, checks]) => refusedItem(reason, checks))];
}

/** What a permit of the file would change, and nothing else is in the way before it. */
function refusedByFile(environment: Environment, planned: PlannedCheck): string | null {
  const { notRun } = planned;
  if (notRun === null) return notForLong(environment, planned);
  return notRun.by === 'not-permitted' ? notRun.text : null;
}

function refusedItem(reason: string, checks: readonly PlannedCheck[]): Item {
  const ids = checks.map(({ row }) => row.id);
  const required = checks.filter((one) => one.required).map(({ row }) => row.id);
  const what = `permit of the file for ${someOf(ids)}`;
  if (required.length === 0) return notNeeded(what, `${reason}; the profile does not require them`);
  return missing(
    what,
    `${reason}; the profile requires ${someOf(required)}`,
    `permits: [{ checks: [${required.map((id) => `'${id}'`).join(', ')}], faults: […], until: …, ticket: … }]`,
  );
}

/** For what disturbs a cluster that somebody else owns. */
async function ofCluster({ environment, planned, wholeProfile, reached }: Situation): Promise<Item[]> {
  const what = `permit of the owners (ConfigMap ${environment.namespaces.system}/${PERMIT_NAME})`;
  const checks = planned.filter(({ notRun }) => notRun === null);
  if (traitsOf(environment).ownedByUs)
    return [notNeeded(what, 'this environment exists for Plumbline alone')];
  if (!checks.some((one) => lockMode(one, environment) === 'exclusive'))
    return [notNeeded(what, 'no planned check disturbs anything')];
  if (reached === null) return [unknown(what, NOT_REACHED)];
  const { disturbing, refused, weakness } = await askOwners(environment, checks, reached);
  const wanted = disturbing.filter((one) => one.required || !wholeProfile).map(({ row }) => row.id);
  const byReason = Map.groupBy(refused, ([, reason]) => reason);
  const items = [...byReason].flatMap(([reason, all]) => refusedByOwners(what, reason, { all, wanted }));
  if (refused.size < disturbing.length)
    items.push(ok(what, `covers ${disturbing.length - refused.size} of ${disturbing.length} checks`));
  if (weakness !== null) items.push(missing('guard of the permit', weakness));
  return items;
}

/** @param of.wanted the checks that must run */
function refusedByOwners(
  what: string,
  reason: string,
  { all, wanted }: { all: readonly [string, string][]; wanted: readonly string[] },
): Item[] {
  const ids = all.map(([check]) => check);
  const [lacking, others] = [true, false].map((is) => ids.filter((id) => wanted.includes(id) === is));
  const add =
    'kubectl apply -f deploy/permit.yaml   # by the owners, with their checks, end and ticket in it; for the nightly run permit-nightly.yaml';
  return [
    ...(lacking?.length ? [missing(`${what} for ${someOf(lacking)}`, reason, add)] : []),
    ...(others?.length
      ? [
          notNeeded(
            `${what} for ${someOf(others)}`,
            `${reason}; the profile does not require them, and leaves them out`,
          ),
        ]
      : []),
  ];
}
