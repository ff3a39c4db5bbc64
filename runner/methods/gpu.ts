import type { Environment } from '../../env/schema.ts';
import { readUtilisation } from '../../probes/gpu/index.ts';
import type { Handlers } from '../session.ts';
import { clientOf } from './metrics.ts';
import type { PrometheusEngine } from './metrics.ts';
import { errorText } from '../../reports/record/error-text.ts';

/** As much of the engine as this needs. */
interface GpuEngine extends PrometheusEngine {
  book: { environment: Pick<Environment, 'gpu' | 'prometheus' | 'timeouts'> };
}

export function gpuMethods(engine: GpuEngine): Pick<Handlers, 'gpu.utilisation'> {
  return {
    'gpu.utilisation': async (_params, { signal }) => {
      const { gpu, prometheus } = engine.book.environment;
      if (gpu?.metrics === undefined || prometheus === undefined)
        return {
          samples: [],
          nowSeconds: null,
          unavailable: 'the environment declares no gpu.metrics or no prometheus',
        };
      const client = await clientOf(engine, prometheus);
      if (typeof client === 'string') return { samples: [], nowSeconds: null, unavailable: client };
      try {
        return await readUtilisation(client, gpu.metrics, signal);
      } catch (error) {
        signal.throwIfAborted();
        return {
          samples: [],
          nowSeconds: null,
          unavailable: errorText(error),
        };
      } finally {
        client.close();
      }
    },
  };
}
