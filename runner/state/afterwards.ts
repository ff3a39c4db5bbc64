import type { RunRecord } from '../../reports/record/run-record.ts';
import type { RunnerCore } from '../serve/runner-parts.ts';
import type { Looking, LostNodes } from '../ask/nodes-back.ts';
import { steadyAgain } from '../ask/steady.ts';
import { errorText } from '../../reports/record/error-text.ts';

type Restored = RunRecord['restored'];

/** How a run left its environment, collected until its end. Something broken fails the run; something unseen keeps it from being met. */
export class Afterwards {
  #restored: Restored = { actions: 0, failed: [], steadyAgain: null };

  get restored(): Restored {
    return this.#restored;
  }

  /** Adds the result of a restore. */
  add({ actions, failed }: { actions: number; failed: readonly string[] }): void {
    const before = this.#restored;
    this.#restored = {
      ...before,
      actions: before.actions + actions,
      failed: [...new Set([...before.failed, ...failed])],
    };
  }

  /** @returns what is not steady again, for people; null when nothing was disturbed as far as was seen */
  async measureSteadiness(runner: RunnerCore): Promise<string | null> {
    const { ok, detail, unseen } = await steadyAgain(runner);
    this.#restored = { ...this.#restored, steadyAgain: ok && unseen.length > 0 ? null : ok };
    this.#unseen(unseen);
    return ok ? null : `not steady again: ${detail}`;
  }

  /** To be called after everything was undone: lost nodes that are not back count as left broken, whatever the checks' verdicts. */
  async lookForNodes(runner: Looking & { lostNodes: LostNodes }, signal: AbortSignal): Promise<void> {
    try {
      const { gone, unseen } = await runner.lostNodes.stillGone(runner, signal);
      this.add({ actions: 0, failed: gone });
      this.#unseen(unseen);
    } catch (error) {
      this.#unseen([`whether every node is back: ${errorText(error)}`]);
    }
  }

  #unseen(what: readonly string[]): void {
    if (what.length === 0) return;
    this.#restored = { ...this.#restored, unseen: [...(this.#restored.unseen ?? []), ...what] };
  }
}
