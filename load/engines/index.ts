/** Chooses the engine of a load, from those that the caller provides. */
import type { Environment } from '../../env/schema.ts';
import type { LoadEngine } from './engine.ts';
import { errorText } from '../../reports/record/error-text.ts';

export type EngineName = LoadEngine['name'];

/** The engine that an environment names; `auto`: the first of `ORDER` that can run. */
export type EngineChoice = Environment['load']['engine'];

/** k6 first, as teams use it elsewhere. k6-operator starts pods, so it must be declared. The embedded engine can always run. */
const ORDER: readonly EngineName[] = ['k6', 'k6-operator', 'embedded'];

export interface Candidate {
  name: EngineName;
  /** Why it cannot run here, with what to do; null when it can. */
  unavailable: string | null;
}

export interface Chosen {
  name: EngineName;
  /** Engines before it in the order, each with the reason why it cannot run; empty if the environment named it. */
  passedOver: { name: EngineName; reason: string }[];
}

/** @param others whether the others follow, as for `auto`, where the named one is unfit for the load */
function orderOf(choice: EngineChoice, others: boolean): readonly EngineName[] {
  if (choice === 'auto') return ORDER;
  return others ? [choice, ...ORDER.filter((name) => name !== choice)] : [choice];
}

const NOT_GIVEN = 'the environment does not declare this engine';

/** The named engine cannot run, or none can. */
export class NoEngineError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'NoEngineError';
  }
}

/**
 * Picks the named engine, or for `auto` the first that can run. An engine that is not among the candidates is not declared.
 * @param others whether another may replace the named one
 * @throws NoEngineError when the named engine cannot run and no other may replace it, or none can
 */
export function pick(choice: EngineChoice, candidates: readonly Candidate[], others = false): Chosen {
  const reasonOf = (name: EngineName): string | null => {
    const candidate = candidates.find((each) => each.name === name);
    return candidate === undefined ? NOT_GIVEN : candidate.unavailable;
  };
  if (choice !== 'auto' && !others) {
    const reason = reasonOf(choice);
    if (reason !== null) throw new NoEngineError(`load engine "${choice}" cannot run: ${reason}`);
    return { name: choice, passedOver: [] };
  }
  const passedOver: Chosen['passedOver'] = [];
  for (const name of orderOf(choice, others)) {
    const reason = reasonOf(name);
    if (reason === null) return { name, passedOver };
    passedOver.push({ name, reason });
  }
  const reasons = passedOver.map(({ name, reason }) => `${name}: ${reason}`);
  throw new NoEngineError(`no load engine can run: ${reasons.join('; ')}`);
}

/** The part of an engine that the choice needs. */
export type Choosable = Pick<LoadEngine, 'name' | 'unavailable'>;

async function reasonOf(engine: Choosable): Promise<string | null> {
  try {
    return await engine.unavailable();
  } catch (error) {
    return errorText(error);
  }
}

/**
 * Asks the declared engines in order whether they can run, until one can, and picks it.
 * @throws NoEngineError as `pick` does
 */
export async function chooseEngine<E extends Choosable>(
  choice: EngineChoice,
  declared: readonly E[],
  others = false,
): Promise<{ engine: E; passedOver: Chosen['passedOver'] }> {
  const candidates: Candidate[] = [];
  for (const name of orderOf(choice, others)) {
    const engine = declared.find((each) => each.name === name);
    if (engine === undefined) continue;
    const unavailable = await reasonOf(engine);
    candidates.push({ name, unavailable });
    if (unavailable === null) return { engine, passedOver: pick(choice, candidates, others).passedOver };
  }
  pick(choice, candidates, others);
  throw new NoEngineError('no load engine can run');
}
