import type { ReadOnlyGuard } from '../../probes/kubernetes/read-only.ts';
import { loadKubeConfig, Transport } from '../../probes/kubernetes/transport.ts';
import type { KubeCall } from './types.ts';

/**
 * Calls to the API server over separate connections: safety calls must not queue behind those of checks, nor count as theirs.
 * @param readOnly lets nothing through that may change something
 * @throws KubeError `invalid` when the kubeconfig cannot be read.
 */
export function kubeCallFrom(
  kubeconfig: string,
  context?: string,
  readOnly?: ReadOnlyGuard,
): { call: KubeCall; close: () => void } {
  const transport = new Transport(loadKubeConfig(kubeconfig, context), readOnly);
  const call: KubeCall = async (request) => {
    const answer = await transport.exchange({ ...request, verb: request.method.toLowerCase() });
    return { status: answer.status, body: parsed(answer.body) };
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
