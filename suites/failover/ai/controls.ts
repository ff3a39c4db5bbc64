/** Controls of failover/ai: a service that acknowledges its jobs before they are done loses those in flight with its pod. */
import type { Judgement } from '../../../reports/record/judgement.ts';
import { aiOf, changeModel } from '../../_breaking/model.ts';
import { rollOut } from '../../_breaking/backend.ts';
import { controlsFor } from '../../harness/control.ts';
import type { Control, ControlContext } from '../../harness/control.ts';
import { deployment } from '../../_breaking/objects.ts';
import type { ContainerPart } from '../../_breaking/objects.ts';

/** Switches the reference service to early acknowledgement (env/local/platform/tender-ai). */
const EARLY = { name: 'ACK_BEFORE_WORK', value: 'on' };
/**
 * Duration of a job. At five a second, every pod always has some in flight. It is longer than the two seconds that a pod still has when
 * it is deleted without grace (kubelet's minimum), and shorter than the service's time-out for a model, ten.
 */
const MODEL_MS = 4_000;
/** On SIGTERM the service may neither finish the jobs in flight nor wait first. */
const GRACE_SECONDS = 1;
/** A frozen pod would finish its jobs once it thaws; with this probe it is killed instead. */
const IMPATIENT = { periodSeconds: 2, timeoutSeconds: 1, failureThreshold: 2 };
/** Jobs after the fault; enough to say that it works, and short. */
const WINDOW_SECONDS = 20;
/** The backlog is done in this time, however slow its model is. */
const DONE_WITHIN_MS = 90_000;

const FAULTS = ['pod-crash', 'pod-delete', 'hang', 'node-loss', 'rolling-restart'] as const;

export const controls: readonly Control[] = FAULTS.flatMap((fault) =>
  controlsFor(`failover/ai/${fault}`, {
    'acknowledged-early': {
      title: 'jobs are acknowledged before they are done',
      seen: /accepted jobs? never came to an end/,
      settings: {
        goals: { windowSeconds: WINDOW_SECONDS },
        settings: { jobs: { doneWithinMs: DONE_WITHIN_MS } },
      },
      break: (ctx) => acknowledgeEarly(ctx, fault),
      verify: (_, judgement) => Promise.resolve(fewLost(judgement)),
    },
  }),
);

async function acknowledgeEarly(ctx: ControlContext, fault: (typeof FAULTS)[number]): Promise<void> {
  const { namespace, name } = aiOf(ctx).deployment;
  await rollOut(ctx, deployment(namespace, name), {
    what: 'the AI service that acknowledges early',
    change: ({ env = [], livenessProbe, lifecycle: _waits, ...rest }): ContainerPart => ({
      ...rest,
      env: [...env, EARLY],
      livenessProbe: fault === 'hang' ? { ...livenessProbe, ...IMPATIENT } : livenessProbe,
    }),
    pod: { terminationGracePeriodSeconds: GRACE_SECONDS },
  });
  await changeModel(ctx, `the model takes ${MODEL_MS / 1000} s`, () => ({ delayMs: MODEL_MS }));
}

/** Only jobs in flight may be lost: if more are, the backlog is merely late, and the control proves nothing. */
export function fewLost({ figures }: Judgement): string | null {
  const figure = (name: string): number => Number(figures.find((one) => one.name === name)?.value);
  const [lost, accepted] = [figure('lost jobs'), figure('accepted jobs')];
  return lost > 0 && lost < accepted / 2
    ? null
    : `${lost} of ${accepted} jobs are lost: expected some, and fewer than half`;
}
