import type { CheckContext } from '../../harness/context.ts';
import { findWorkloads } from '../../topology/_objects/declared.ts';
import { countsOf, isRolling } from '../../topology/_objects/shapes.ts';
import type { WorkloadObject } from '../../topology/_objects/shapes.ts';

/** Records Prometheus's targets, or its samples of the required series; and whether a workload is being rolled out that lacks targets. */
export async function askPrometheus(ctx: CheckContext, about: 'targets' | 'series'): Promise<void> {
  const { lacking = [] } = await ctx.step(`ask Prometheus for ${about}`, () =>
    ctx.runner.call('telemetry.ask', { check: ctx.id, trial: ctx.trial, about }),
  );
  if (lacking.length === 0) return;
  for (const { workload, object } of await findWorkloads(ctx, ({ name }) => lacking.includes(name)))
    ctx.record('scraped-workload', {
      job: workload.name,
      rolling: object === undefined ? null : isMoving(object),
    });
}

function isMoving(object: WorkloadObject): boolean {
  const { ready, wanted } = countsOf(object);
  return isRolling(object) || ready < wanted;
}
