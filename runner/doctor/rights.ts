import type { Right } from '../../probes/kubernetes/access/rights.ts';
import { inParallel } from '../../host/in-parallel.ts';
import type { KubeCall, KubeReply } from '../provider-safety.ts';
import { seenAt } from '../safety/timers/undo-kube.ts';
import { missing, notNeeded, NOT_REACHED, ok, optional, someOf, unknown } from './item.ts';
import type { Item, Kind, Situation } from './item.ts';
import { needsOf } from './needs.ts';
import type { Need } from './needs.ts';
import { roleWith } from './roles.ts';
import { errorText } from '../../reports/record/error-text.ts';

/** Reviews at a time: each takes a few milliseconds, and a large profile has some 150. */
const AT_ONCE = 8;
const REVIEWS_MS = 60_000;

/** Every right that the planned checks need, asked of the API server itself. */
export const rights: Kind = { name: 'rights', look };

async function look({ environment, running, reached, deadlineMs }: Situation): Promise<Item[]> {
  const needs = needsOf(environment, running);
  if (reached === null)
    return [unknown(`${needs.length} rights in the cluster`, `not asked for: ${NOT_REACHED}`)];
  const items = new Map<Need, Item>();
  const left = await inParallel(needs, { atOnce: AT_ONCE, budgetMs: REVIEWS_MS }, async (need) => {
    items.set(need, await itemOf(need, reached.kube, deadlineMs));
  });
  for (const need of left)
    items.set(need, unknown(textOf(need), `not asked for: the ones before took ${REVIEWS_MS / 1000} s`));
  if (environment.readOnly === true) looseIn(items, running);
  return needs.flatMap((need) => items.get(need) ?? []);
}

/** What a run goes without where a check is judged all the same, by the resource and the object's name. */
const JUDGED_WITHOUT = new Map([
  ['events', 'no events beside what fails'],
  ['pods/log', 'no logs beside what fails'],
  ['leases', 'no sign of life of nodes and controllers'],
  ['configmaps plumbline-journal', 'what restarted of late is inconclusive'],
]);

/**
 * A read-only run is not refused for a right that only checks need: these are inconclusive without it. Such a right is optional, unless nothing
 * would be judged then.
 */
function looseIn(items: Map<Need, Item>, running: Situation['running']): void {
  const ids = new Set(running.map(({ row }) => row.id));
  const refused = [...items].filter(
    ([need, { state }]) => state === 'missing' && need.for.every((one) => ids.has(one)),
  );
  const open = new Set(refused.flatMap(([need]) => (JUDGED_WITHOUT.has(keyOf(need)) ? [] : need.for)));
  if (open.size === ids.size) return;
  for (const [need, { what, add }] of refused) {
    const without = JUDGED_WITHOUT.get(keyOf(need)) ?? 'inconclusive';
    items.set(need, optional(what, `without it ${without}: ${someOf(need.for)}`, add));
  }
}

const keyOf = ({ right: { resource, names = [] } }: Need): string => [resource, ...names].join(' ');

async function itemOf(need: Need, kube: KubeCall, timeoutMs: number): Promise<Item> {
  const refused: string[] = [];
  try {
    for (const verb of need.right.verbs)
      if (!(await mayDo({ ...need, verb }, kube, timeoutMs))) refused.push(verb);
  } catch (error) {
    return unknown(textOf(need), errorText(error));
  }
  const why = `for ${someOf(need.for)}`;
  if (refused.length === 0) return ok(textOf(need), why);
  const right = { ...need.right, verbs: refused };
  const what = textOf({ ...need, right });
  if (right.notGiven !== undefined) return notNeeded(what, `given to nobody: ${right.notGiven}`);
  return missing(what, why, ruleOf(right, need.namespace));
}

/** Asks the API server, which stores nothing of it. @throws Error when it gives no answer that can be used */
export async function mayDo(
  { right: { group, resource: whole, names = [] }, namespace, verb }: Need & { verb: string },
  kube: KubeCall,
  timeoutMs: number,
): Promise<boolean> {
  const [resource, subresource] = whole.split('/');
  const spec = whole.startsWith('/')
    ? { nonResourceAttributes: { path: whole, verb } }
    : { resourceAttributes: { namespace, verb, group, resource, subresource, name: names[0] } };
  const reply = await kube({
    method: 'POST',
    path: '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
    body: { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectAccessReview', spec },
    timeoutMs,
  });
  return reviewed(reply);
}

/** What a review says. @throws Error when it says nothing that can be used */
export function reviewed({ status, body }: KubeReply): boolean {
  const allowed = seenAt(body, 'status', 'allowed');
  if (status !== 201 || typeof allowed !== 'boolean')
    throw new Error(`the API server answered ${status} when it was asked for this right`);
  return allowed;
}

function textOf({ right: { verbs, group, resource, names = [] }, namespace }: Need): string {
  const what = `${group === '' ? '' : `${group}/`}${resource}${names.length === 0 ? '' : ` ${names.join()}`}`;
  const where = resource.startsWith('/') ? '' : namespace === '' ? ' everywhere' : ` in ${namespace}`;
  return `${verbs.join(', ')} ${what}${where}`;
}

/** The rule as YAML, and where it belongs. */
export function ruleOf(right: Right, namespace: string): string {
  const { verbs, group, resource, names = [] } = right;
  const list = (words: readonly string[]): string => `[${words.join(', ')}]`;
  const of = resource.startsWith('/')
    ? `nonResourceURLs: ${list([resource])}`
    : `apiGroups: ['${group}'], resources: ${list([resource])}`;
  const named = names.length === 0 ? '' : `, resourceNames: ${list(names)}`;
  const role = roleWith(right) ?? 'no role of deploy/ has it';
  const where = namespace === '' ? '' : `, in the namespace ${namespace}`;
  return `- { ${of}${named}, verbs: ${list(verbs)} }\n# ${role}${where}`;
}
