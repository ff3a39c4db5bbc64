import type { KubeCalls } from '../safety/kube-call.ts';
import type { KubeReply } from '../safety/types.ts';
import { MIRROR_NAME, mirrorPath } from '../safety/journal/mirror.ts';
import { seenAt } from '../safety/timers/undo-kube.ts';
import { errorText } from '../../reports/record/error-text.ts';

/** Two of them may be waited for at the end of a run whose API server is gone. */
const CALL_TIMEOUT_MS = 3_000;
/** Of the keys of lists, beside the entries of the rollback journal. */
const PREFIX = 'drilled.';

/** The lists of drills, by run, where runs on other machines see them. */
export interface DrillsMirror {
  /** Never throws. @returns why it is not known what is there, such as without the right to read it */
  read(): Promise<{ lists: Record<string, string> } | { why: string }>;
  /** Writes these and leaves all others; null: removes it. Never throws. @returns why it was not written; null: it was */
  write(lists: Readonly<Record<string, string | null>>): Promise<string | null>;
}

/**
 * In the ConfigMap of the journal's mirror, which accounts of Plumbline may read and patch by its name.
 * @param connect opens a connection, for one call
 */
export function drillsMirror(connect: () => KubeCalls, namespace: string): DrillsMirror {
  const path = mirrorPath(namespace);
  const unread = `the ConfigMap ${namespace}/${MIRROR_NAME} cannot be read`;
  const ask = (request: { method: 'GET' | 'PATCH'; path: string; body?: unknown }): Promise<KubeReply> => {
    const { call, close } = connect();
    const contentType = 'application/merge-patch+json';
    const more = request.method === 'PATCH' ? { contentType } : {};
    return call({ ...request, ...more, timeoutMs: CALL_TIMEOUT_MS }).finally(close);
  };
  return {
    read: async () => {
      try {
        const { status, body } = await ask({ method: 'GET', path });
        if (status !== 200 && status !== 404) return { why: `${unread} (${status})` };
        const lists = Object.entries(seenAt(body, 'data') ?? {}).flatMap(
          ([key, text]: [string, unknown]): [string, string][] =>
            key.startsWith(PREFIX) && typeof text === 'string' ? [[key.slice(PREFIX.length), text]] : [],
        );
        return { lists: Object.fromEntries(lists) };
      } catch (error) {
        return { why: `${unread}: ${errorText(error)}` };
      }
    },
    write: async (lists) => {
      try {
        const data = Object.fromEntries(Object.entries(lists).map(([id, text]) => [`${PREFIX}${id}`, text]));
        const { status } = await ask({
          method: 'PATCH',
          path: `${path}?fieldManager=plumbline-drilled`,
          body: { data },
        });
        return status === 200 ? null : `the API server answered ${status} for the ConfigMap ${MIRROR_NAME}`;
      } catch (error) {
        return errorText(error);
      }
    },
  };
}
