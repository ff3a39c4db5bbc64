import type { KubeCall } from '../types.ts';
import { whyNoUndoImage } from './undo-image.ts';
import type { UndoImage } from './undo-image.ts';
import { saidIn, textAt } from './undo-kube.ts';

/** Name of the Job that undoes, and of all that belongs to it. */
export const UNDO_NAME = 'plumbline-undo';
/** Annotation of the Job's account: the namespaces that it may undo in, as the owners of the cluster say (deploy/rbac.yaml). */
export const UNDOES_IN = 'plumbline.dev/undoes-in';
const CALL_TIMEOUT_MS = 10_000;
const NOTHING_MADE = 'nothing is made here that a Job would have to undo if this machine were gone';

/** Where the owners of the cluster let the Job undo, or why there is no such Job. */
export type UndoAccount = { readonly namespaces: readonly string[] } | { readonly problem: string };

/**
 * What the account of the undo Job may do outside embedded environments. Its rights are the owners' alone: Plumbline gives it none there, with
 * whatever rights of its own.
 * @throws Error when the API server answers something else than the account, that there is none, or that it may not be read
 */
export async function undoAccountOf(kube: KubeCall, namespace: string): Promise<UndoAccount> {
  const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${UNDO_NAME}`;
  const { status, body } = await kube({ method: 'GET', path, timeoutMs: CALL_TIMEOUT_MS });
  if (status === 404) return { problem: problemOf(namespace, 'does not exist') };
  if (status === 403) return { problem: problemOf(namespace, 'may not be read by this account') };
  if (status !== 200)
    throw new Error(`undo Job: GET ${path} answered ${status}: ${saidIn(body).slice(0, 300)}`);
  const said = accountSays(body);
  return said === null
    ? { problem: problemOf(namespace, `has no annotation ${UNDOES_IN}`) }
    : { namespaces: said };
}

/**
 * Where the Job may undo outside embedded environments, before anything that it would have to undo is made: without an image there is none,
 * whatever its account may do.
 * @throws as `undoAccountOf`
 */
export async function undoJobOf(
  kube: KubeCall,
  { namespace, image }: { namespace: string; image: UndoImage | undefined },
): Promise<UndoAccount> {
  const why = await whyNoUndoImage(kube, image);
  return why === null ? undoAccountOf(kube, namespace) : { problem: `${NOTHING_MADE}: ${why}` };
}

/** Why the Job would not undo what is made in these namespaces; null: it would. */
export function whyNotUndone(account: UndoAccount, namespaces: readonly string[]): string | null {
  if ('problem' in account) return account.problem;
  const lacking = namespaces.filter((one) => !account.namespaces.includes(one));
  return lacking.length === 0 ? null : undoesElsewhere(account.namespaces, `in ${lacking.join(', ')}`);
}

/** @param where what it may not undo, such as `in NAMESPACE` */
export function undoesElsewhere(namespaces: readonly string[], where: string): string {
  return `undo Job: the owners of the cluster permit it to undo in ${namespaces.join(', ') || 'no namespace'} (annotation ${UNDOES_IN} of the ServiceAccount ${UNDO_NAME}), not ${where}`;
}

/** The namespaces in the annotation; null where there is none, and so nobody who says that the account has the rights for them. */
export function accountSays(account: unknown): string[] | null {
  const said = textAt(account, 'metadata', 'annotations', UNDOES_IN);
  return said === undefined ? null : said.split(/[\s,]+/).filter(Boolean);
}

function problemOf(namespace: string, what: string): string {
  return `${NOTHING_MADE}: its account, the ServiceAccount ${namespace}/${UNDO_NAME}, ${what}; have the owners of the cluster apply deploy/rbac.yaml`;
}
