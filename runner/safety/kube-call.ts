import { setTimeout as sleep } from 'node:timers/promises';
import type { KubeCluster } from '../../probes/kubernetes/cluster.ts';
import type { ReadOnlyGuard } from '../../probes/kubernetes/access/read-only.ts';
import { loadKubeConfig, pauseOf, Transport } from '../../probes/kubernetes/transport.ts';
import type { KubeCall } from './types.ts';

/**
 * Calls to the API server over separate connections: safety calls must not queue behind those of checks, nor count as theirs. One that is
 * throttled (429 with Retry-After: it was not carried out) is repeated while its deadline allows, except where it asks for `once`.
 */
export interface KubeCalls {
  call: KubeCall;
  close: () => void;
}

/**
 * Calls to a cluster that was reached before. Its kubeconfig is not read again: by now the file may name another cluster, such as after
 * `kubectl config use-context`, and only the one that was reached was compared with the pin.
 * @param readOnly lets nothing through that may change something
 */
export function kubeCallTo(cluster: Pick<KubeCluster, 'client'>, readOnly?: ReadOnlyGuard): KubeCalls {
  return callsOver(new Transport(cluster.client.transport.config, readOnly));
}

/**
 * Calls to whatever cluster the current context of a kubeconfig names now.
 * @throws KubeError `invalid` when the kubeconfig cannot be read.
 */
export function kubeCallFrom(kubeconfig: string): KubeCalls {
  return callsOver(new Transport(loadKubeConfig(kubeconfig)));
}

function callsOver(transport: Transport): KubeCalls {
  const call: KubeCall = async ({ once = false, ...request }) => {
    const until = performance.now() + request.timeoutMs;
    for (;;) {
      // Whole milliseconds: the message of a timeout names it, and is compared with that of the next.
      const timeoutMs = Math.max(1, Math.ceil(until - performance.now()));
      const verb = request.method.toLowerCase();
      const answer = await transport.exchange({ ...request, timeoutMs, verb });
      const pauseMs = once ? null : pauseOf(answer);
      if (pauseMs === null || performance.now() + pauseMs > until)
        return { status: answer.status, body: parsed(answer.body), dateMs: answer.dateMs };
      await sleep(pauseMs, undefined, request.signal ? { signal: request.signal } : {});
    }
  };
  return { call, close: () => transport.close() };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
