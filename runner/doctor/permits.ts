import { traitsOf } from '../../env/providers/declared.ts';
import type { Environment } from '../../env/schema.ts';
import { faultIn } from '../../suites/catalogue/index.ts';
import type { PlannedCheck } from '../../suites/catalogue/index.ts';
import { notPermitted } from '../../suites/catalogue/plan/permits.ts';
import { ClusterPermits, PERMIT_NAME } from '../plan/cluster-permit.ts';
import { lockMode } from '../plan/environment-parts.ts';
import { missing, notNeeded, NOT_REACHED, ok, someOf, unknown } from './item.ts';
import type { Item, Kind, Reached, Situation } from './item.ts';

/** What the environment file permits, and what the owners of the cluster do. */
export const permits: Kind = { name: 'permits', look };

async function look({ environment, planned, running, reached }: Situation): Promise<Item[]> {
  return [...ofFile(environment, planned), ...(await ofCluster(environment, running, reached))];
}

function ofFile(environment: Environment, planned: readonly PlannedCheck[]): Item[] {
  const now = new Date();
  const refused = planned.filter(({ row, notRun }) => row.built && notRun !== null);
  const byReason = new Map<string, PlannedCheck[]>();
  for (const one of refused) {
    const reason = notPermitted(environment, one.row, now);
    if (reason !== null) byReason.set(reason, [...(byReason.get(reason) ?? []), one]);
  }
  const { permits: given } = environment;
  const said = given.map(
    ({ checks, until }) => `${checks.join(' ')}${until === undefined ? '' : ` until ${until}`}`,
  );
  const file = ok('permits of the file', given.length === 0 ? 'none: checks may only read' : said.join('; '));
  return [file, ...[...byReason].map(([reason, checks]) => refusedItem(reason, checks))];
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
async function ofCluster(
  environment: Environment,
  running: readonly PlannedCheck[],
  reached: Reached | null,
): Promise<Item[]> {
  const { system } = environment.namespaces;
  const what = `permit of the owners (ConfigMap ${system}/${PERMIT_NAME})`;
  const disturbing = running.filter((one) => lockMode(one, environment) === 'exclusive');
  if (traitsOf(environment).ownedByUs)
    return [notNeeded(what, 'this environment exists for Plumbline alone')];
  if (disturbing.length === 0) return [notNeeded(what, 'no planned check disturbs anything')];
  if (reached === null) return [unknown(what, NOT_REACHED)];
  const asked = disturbing.map(({ row: { id } }) => ({ check: id, fault: faultIn(environment, id) }));
  const { refused, weakness } = await new ClusterPermits(reached.kube, system).ask(asked);
  const byReason = Map.groupBy(refused, ([, reason]) => reason);
  const items = [...byReason].map(([reason, checks]) =>
    missing(
      `${what} for ${someOf(checks.map(([check]) => check))}`,
      reason,
      'kubectl apply -f deploy/permit.yaml   # by the owners, with their checks, end and ticket in it',
    ),
  );
  if (refused.size < asked.length)
    items.push(ok(what, `covers ${asked.length - refused.size} of ${asked.length} checks`));
  if (weakness !== null) items.push(missing('guard of the permit', weakness));
  return items;
}
