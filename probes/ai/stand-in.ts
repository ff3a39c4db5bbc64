import type { LlmBehaviour } from './declaration.ts';
import { askHttp } from '../http.ts';
import type { Bounds } from '../store/store-driver.ts';

/**
 * Tells a stand-in for the language model what to do from now on (`PUT /control` below its address): it is slow, busy or broken on demand.
 * @throws Error when it does not answer, or refuses
 */
export async function tellStandIn(url: string, behaviour: LlmBehaviour, bounds: Bounds): Promise<void> {
  const { hostname, port, pathname } = new URL(url);
  const answer = await askHttp(
    {
      who: "the model's stand-in",
      host: hostname.replace(/^\[|\]$/g, ''),
      port: Number(port || 80),
      path: `${pathname.replace(/\/+$/, '')}/control`,
      method: 'PUT',
      body: behaviour,
    },
    bounds,
  );
  if (answer.status < 200 || answer.status > 299)
    throw new Error(`the model's stand-in at ${url} answers ${answer.status}: ${answer.text.slice(0, 100)}`);
}
