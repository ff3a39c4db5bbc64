import { LeftElsewhereError } from './errors.ts';
import type { Ledger } from './ledger.ts';
import { MIRROR_NAME } from './mirror.ts';
import type { KubeCall } from './types.ts';

const CALL_TIMEOUT_MS = 5_000;

/** An entry of the mirror, as far as it is needed to tell whose it is. Whatever else stands there is not acted upon. */
type Listed = { readonly seq?: unknown; readonly title?: unknown; readonly dueAt?: unknown };

/**
 * Refuses to go on where a run on another machine has left something open in the cluster, by the mirror of its ledger: it would be broken on
 * top of what is broken, and its mirror and undo Job would be swept away. What went through the API server that Job undoes, with rights
 * of its own, half a minute after the Lease was last renewed, and takes out of the mirror: so the Lease must be given back, and tried
 * again later. The mirror is only read: whoever may write it must not have others act for them.
 * @throws LeftElsewhereError (75) naming what is open and what to do, or that the mirror cannot be read
 */
export async function refuseWhatIsLeftElsewhere(options: {
  readonly kube: KubeCall;
  readonly namespace: string;
  readonly ledger: Ledger;
}): Promise<void> {
  const { kube, namespace, ledger } = options;
  const own = new Set(ledger.entries().map(keyOf));
  const { entries, holder } = await readMirror(kube, namespace);
  const open = entries.filter((entry) => !own.has(keyOf(entry)));
  if (open.length === 0) return;
  throw new LeftElsewhereError(
    `a run of ${holder} has left open in this cluster: ${open.map(({ title }) => String(title)).join('; ')}. Nothing was begun. ` +
      `Its undo Job undoes within a minute what it can: try again then. What stays is undone by \`plumbline restore\` on that machine; ` +
      `where it is gone, undo it by hand and take it out of the ConfigMap ${namespace}/${MIRROR_NAME}`,
  );
}

function keyOf({ seq, title, dueAt }: Listed): string {
  return JSON.stringify([seq, title, dueAt]);
}

async function readMirror(
  kube: KubeCall,
  namespace: string,
): Promise<{ entries: readonly Listed[]; holder: string }> {
  const path = `/api/v1/namespaces/${namespace}/configmaps/${MIRROR_NAME}`;
  const { status, body } = await kube({ method: 'GET', path, timeoutMs: CALL_TIMEOUT_MS });
  if (status === 404) return { entries: [], holder: '' };
  const { entries = '[]', holder = 'another machine' } =
    (body as { data?: { entries?: string; holder?: string } }).data ?? {};
  const parsed = status === 200 ? parsedList(entries) : null;
  if (parsed === null)
    throw new LeftElsewhereError(
      `the ConfigMap ${namespace}/${MIRROR_NAME} says what runs on other machines have left open in this cluster, and cannot be read (${status}). Nothing was begun`,
    );
  return { entries: parsed, holder };
}

function parsedList(text: string): readonly Listed[] | null {
  try {
    const list: unknown = JSON.parse(text);
    const listed = Array.isArray(list) && list.every((one) => typeof one === 'object' && one !== null);
    return listed ? (list as Listed[]) : null;
  } catch {
    return null;
  }
}
