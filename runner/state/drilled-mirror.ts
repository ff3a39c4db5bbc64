import type { KubeCalls } from '../safety/kube-call.ts';
import type { KubeReply } from '../safety/types.ts';
import { MIRROR_NAME, mirrorPath } from '../safety/journal/mirror.ts';
import { textAt } from '../safety/timers/undo-kube.ts';
import { errorText } from '../../reports/record/error-text.ts';

/** Two of them may be waited for at the end of a run whose API server is gone. */
const CALL_TIMEOUT_MS = 3_000;
/** Beside the entries of the rollback journal, under a key of its own. */
const KEY = 'drilled';

/** The list of drills where runs on other machines see it. */
export interface DrillsMirror {
  /** Empty where there is none. Never throws. @returns why it is not known what it holds, such as without the right to read it */
  read(): Promise<{ text: string } | { why: string }>;
  /** Never throws. @returns why it was not written; null: it was */
  write(text: string): Promise<string | null>;
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
        if (status === 404) return { text: '' };
        return status === 200 ? { text: textAt(body, 'data', KEY) ?? '' } : { why: `${unread} (${status})` };
      } catch (error) {
        return { why: `${unread}: ${errorText(error)}` };
      }
    },
    write: async (text) => {
      try {
        const body = { data: { [KEY]: text } };
        const { status } = await ask({
          method: 'PATCH',
          path: `${path}?fieldManager=plumbline-drilled`,
          body,
        });
        return status === 200 ? null : `the API server answered ${status} for the ConfigMap ${MIRROR_NAME}`;
      } catch (error) {
        return errorText(error);
      }
    },
  };
}
