import type { LlmBehaviour } from './declaration.ts';
import { askHttp } from '../http.ts';
import type { Bounds } from '../store/store-driver.ts';

/**
 * Switches a stand-in for the language model (`PUT /control` below its address) to slow, busy or broken.
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
