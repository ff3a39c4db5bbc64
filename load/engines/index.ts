/** Chooses the engine of a load, from those that the caller provides. */
import type { Environment } from '../../env/schema.ts';
import { errorText } from '../../reports/record/error-text.ts';
import type { LoadEngine } from './engine.ts';

export type EngineName = LoadEngine['name'];

/** The engine that an environment names; `auto`: the first of `ORDER` that can run. */
export type EngineChoice = Environment['load']['engine'];

/** k6 first, as teams use it elsewhere. The embedded engine can always run. */
const ORDER: readonly EngineName[] = ['k6', 'embedded'];

/** Engines before the chosen one in the order, each with the reason why it cannot run; empty if the environment named it. */
export type PassedOver = readonly { name: EngineName; reason: string }[];

/** The named engine cannot run, or none can. */
export class NoEngineError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'NoEngineError';
  }
}

/** The part of an engine that the choice needs. */
export type Choosable = Pick<LoadEngine, 'name' | 'unavailable'>;

/**
 * Asks the engines in order whether they can run, until one can: the named one, or for `auto` each.
 * @throws NoEngineError when the named one cannot run, or none can
 */
export async function chooseEngine<E extends Choosable>(
  choice: EngineChoice,
  engines: readonly E[],
): Promise<{ engine: E; passedOver: PassedOver }> {
  const passedOver: { name: EngineName; reason: string }[] = [];
  for (const name of choice === 'auto' ? ORDER : [choice]) {
    const engine = engines.find((each) => each.name === name);
    if (engine === undefined) continue;
    const reason = await engine.unavailable().catch(errorText);
    if (reason === null) return { engine, passedOver };
    passedOver.push({ name, reason });
  }
  const reasons = passedOver.map(({ name, reason }) => `${name}: ${reason}`).join('; ');
  throw new NoEngineError(
    choice === 'auto'
      ? `no load engine can run: ${reasons}`
      : `load engine "${choice}" cannot run: ${reasons}`,
  );
}
