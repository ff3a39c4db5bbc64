import type { Environment } from '../../../env/schema.ts';
import { readUtilisation } from '../../../probes/gpu/index.ts';
import type { Handlers } from '../handlers.ts';
import { clientOf } from './metrics.ts';
import type { PrometheusRunner } from './metrics.ts';
import { errorText } from '../../../reports/record/error-text.ts';

/** As much of the runner as this needs. */
interface GpuRunner extends PrometheusRunner {
  runState: { environment: Pick<Environment, 'gpu' | 'prometheus' | 'timeouts'> };
}

export function gpuMethods(runner: GpuRunner): Pick<Handlers, 'gpu.utilisation'> {
  return {
    'gpu.utilisation': async (_params, { signal }) => {
      const { gpu, prometheus } = runner.runState.environment;
      if (gpu?.metrics === undefined || prometheus === undefined)
        return {
          samples: [],
          nowSeconds: null,
          unavailable: 'the environment declares no gpu.metrics or no prometheus',
        };
      const none = (unavailable: string) => ({ samples: [], nowSeconds: null, unavailable });
      try {
        const client = await clientOf(runner, prometheus);
        if (typeof client === 'string') return none(client);
        try {
          return await readUtilisation(client, gpu.metrics, signal);
        } finally {
          client.close();
        }
      } catch (error) {
        signal.throwIfAborted();
        return none(errorText(error));
      }
    },
  };
}
