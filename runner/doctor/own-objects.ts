import { traitsOf } from '../../env/providers/declared.ts';
import type { Environment } from '../../env/schema.ts';
import { faultOf } from '../../faults/index.ts';
import { faultIn } from '../../suites/catalogue/index.ts';
import type { PlannedCheck } from '../../suites/catalogue/index.ts';
import type { KubeCall, KubeReply } from '../provider-safety.ts';
import { KILL_SWITCH_NAME } from '../safety/lease/kill-switch.ts';
import { accountSays, UNDOES_IN, whyNotUndone } from '../safety/timers/undo-account.ts';
import { whyNoUndoImage } from '../safety/timers/undo-image.ts';
import { textAt } from '../safety/timers/undo-kube.ts';
import { canaryPodItems } from './canary-pod.ts';
import { missing, notNeeded, NOT_REACHED, ok, unknown } from './item.ts';
import type { Item, Kind, Situation } from './item.ts';
import { ENFORCE, labelCommand, refuses } from './pod-security.ts';
import type { Admission } from './pod-security.ts';
import { errorText } from '../../reports/record/error-text.ts';

/** What Plumbline has of its own in a cluster: namespaces, Lease, mirror of the rollback journal, kill switch. */
export const ownObjects: Kind = { name: "Plumbline's own", look };

const APPLY = 'kubectl apply -f deploy/rbac.yaml   # as an administrator';
const NAME_IMAGE = 'drills: { undoImage: IMAGE }   # one with Node.js 22.18 or newer';

interface Asking {
  kube: KubeCall;
  timeoutMs: number;
}

async function look({ environment, running, reached, deadlineMs }: Situation): Promise<Item[]> {
  if (reached === null) return [unknown('namespaces, Lease and kill switch', NOT_REACHED)];
  const asking = { kube: reached.kube, timeoutMs: deadlineMs };
  const { system } = environment.namespaces;
  const killSwitch = await killSwitchItem(system, asking);
  if (traitsOf(environment).ownedByUs)
    return [notNeeded('namespaces and Lease', 'a run makes them in this environment'), killSwitch];
  const namespaces = namespacesOf(environment, running);
  const items = await Promise.all(namespaces.map((one) => namespaceItem(one, asking)));
  const canaries = namespaces.findIndex(({ what }) => what === 'canaries');
  return [
    ...items,
    // Elsewhere its admission has been answered, or nobody asks for it.
    ...(['ok', 'unknown'].includes(items[canaries]?.state ?? '')
      ? await canaryPodItems(environment, {
          ...asking,
          cluster: reached.cluster,
          asksDevices: makingCanaries(environment, running).some(({ row }) => row.parts.includes('gpu')),
        })
      : []),
    ...(await Promise.all(objectsIn(system).map((one) => objectItem(one, asking)))),
    ...(await undoJobItems(environment, running, asking)),
    killSwitch,
  ];
}

interface Namespace {
  name: string;
  what: string;
  /** null: nothing is planned that needs it. */
  needed: boolean;
  admits: Admission;
}

/** Whether a check of these makes something in the namespace of canaries. */
export function makesCanaries(environment: Environment, running: readonly PlannedCheck[]): boolean {
  return makingCanaries(environment, running).length > 0;
}

export function makingCanaries({ kind }: Environment, running: readonly PlannedCheck[]): PlannedCheck[] {
  return running.filter(
    ({ row: { touches, access } }) => access[kind] !== 'r' && (touches.makes ?? []).length > 0,
  );
}

/** Whether a fault of these acts on a node by a privileged pod. */
export function actsOnNodes(environment: Environment, running: readonly PlannedCheck[]): boolean {
  if (traitsOf(environment).ownedByUs) return false;
  return running.some(({ row }) => {
    const fault = faultIn(environment, row.id);
    return fault !== undefined && faultOf(fault).rights.some(({ where }) => where === 'drill');
  });
}

/** Namespaces in which these make what only the Job in the cluster would undo if this machine were gone. */
export function undoneIn(environment: Environment, running: readonly PlannedCheck[]): string[] {
  const { canary, drill } = environment.namespaces;
  const all = [
    ...(makesCanaries(environment, running) ? [canary] : []),
    ...(actsOnNodes(environment, running) ? [drill] : []),
  ];
  return [...new Set(all)];
}

function namespacesOf(environment: Environment, running: readonly PlannedCheck[]): Namespace[] {
  const { system, canary, drill } = environment.namespaces;
  const making = makingCanaries(environment, running);
  return [
    {
      name: system,
      what: 'Lease, journal and kill switch',
      needed: true,
      admits: { level: 'restricted', why: 'Jobs that undo' },
    },
    {
      name: canary,
      what: 'canaries',
      needed: making.length > 0,
      admits: { level: 'restricted', why: 'canaries' },
    },
    {
      name: drill,
      what: 'privileged pods of drills',
      needed: actsOnNodes(environment, running),
      admits: { level: 'privileged', why: 'the privileged pods of drills' },
    },
  ];
}

async function namespaceItem({ name, what: use, needed, admits }: Namespace, asking: Asking): Promise<Item> {
  const what = `namespace ${name} (${use})`;
  if (!needed) return notNeeded(what, 'no planned check makes anything there');
  return asked(what, `/api/v1/namespaces/${name}`, asking, ({ status, body }) => {
    if (status === 404) return missing(what, 'it does not exist', APPLY);
    const level = textAt(body, 'metadata', 'labels', ENFORCE);
    if (admits.level === 'restricted') return ok(what, 'there');
    if (level === undefined)
      return unknown(
        what,
        `it has no label ${ENFORCE}: whether it admits ${admits.why} is the cluster's default`,
        labelCommand(name, admits),
      );
    return refuses(level, admits)
      ? missing(what, `pod security is ${level}: refused are ${admits.why}`, labelCommand(name, admits))
      : ok(what, 'there');
  });
}

/** What may be written by name must be there: no account of Plumbline may create it. */
function objectsIn(system: string): { what: string; path: string }[] {
  const core = `/api/v1/namespaces/${system}`;
  return [
    {
      what: `Lease ${system}/plumbline`,
      path: `/apis/coordination.k8s.io/v1/namespaces/${system}/leases/plumbline`,
    },
    { what: `ConfigMap ${system}/plumbline-journal`, path: `${core}/configmaps/plumbline-journal` },
  ];
}

function objectItem({ what, path }: { what: string; path: string }, asking: Asking): Promise<Item> {
  return asked(what, path, asking, ({ status }) =>
    status === 404 ? missing(what, 'it does not exist', APPLY) : ok(what, 'there'),
  );
}

/** What the Job that undoes needs: an image, and an account that may undo where planned checks make something. */
async function undoJobItems(
  environment: Environment,
  running: readonly PlannedCheck[],
  asking: Asking,
): Promise<Item[]> {
  const { system } = environment.namespaces;
  const what = `ServiceAccount ${system}/plumbline-undo`;
  const needed = undoneIn(environment, running);
  if (needed.length === 0) return [notNeeded(what, 'no planned check makes anything that it would undo')];
  const noImage = await whyNoUndoImage(asking.kube, environment.drills.undoImage).catch(() => null);
  const path = `/api/v1/namespaces/${system}/serviceaccounts/plumbline-undo`;
  const account = await asked(what, path, asking, ({ status, body }) => {
    if (status === 404) return missing(what, 'it does not exist', APPLY);
    const namespaces = accountSays(body);
    if (namespaces === null)
      return missing(
        what,
        `it has no annotation ${UNDOES_IN}: in no namespace may its Job undo anything`,
        APPLY,
      );
    const why = whyNotUndone({ namespaces }, needed);
    return why === null ? ok(what, 'there') : missing(what, why, APPLY);
  });
  return noImage === null ? [account] : [missing('image of the undo Job', noImage, NAME_IMAGE), account];
}

function killSwitchItem(system: string, asking: Asking): Promise<Item> {
  const what = `kill switch ${system}/${KILL_SWITCH_NAME}`;
  return asked(what, `/api/v1/namespaces/${system}/configmaps/${KILL_SWITCH_NAME}`, asking, (reply) => {
    if (reply.status === 404) return ok(what, 'readable, not set');
    const reason = textAt(reply.body, 'data', 'reason');
    return missing(
      what,
      `it is set${reason === undefined ? '' : ` ("${reason.slice(0, 200)}")`}: nothing will be run`,
      `kubectl -n ${system} delete configmap ${KILL_SWITCH_NAME}   # ask first who set it`,
    );
  });
}

/** An object by its path, for those answers that say whether it is there. */
async function asked(
  what: string,
  path: string,
  { kube, timeoutMs }: Asking,
  itemOf: (reply: KubeReply) => Item,
): Promise<Item> {
  try {
    const reply = await kube({ method: 'GET', path, timeoutMs });
    if (reply.status === 403)
      return unknown(what, 'the account may not read it: the missing right is among the rights');
    return [200, 404].includes(reply.status)
      ? itemOf(reply)
      : unknown(what, `the API server answered ${reply.status}`);
  } catch (error) {
    return unknown(what, errorText(error));
  }
}
