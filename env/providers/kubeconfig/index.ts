/** A cluster that others provision: its kubeconfig is all that is needed to reach it. */
import type { Provider } from '../provider.ts';

export const provider: Provider<'kubeconfig'> = {
  // eslint-disable-next-line @typescript-eslint/require-await -- async, so that what throws is a promise that rejects
  connect: async ({ kubeconfig: source, context, pin }, { requireNamed }) => {
    requireNamed();
    const kubeconfig = 'file' in source ? source.file : (process.env[source.env] ?? '');
    return { kubeconfig, context, pin, platformReady: null };
  },
};
