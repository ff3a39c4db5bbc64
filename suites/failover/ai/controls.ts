/** Controls of failover/ai: a service that acknowledges its jobs before it has done them loses those under way with its pod. */
import type { Judgement } from '../../../reports/record/judgement.ts';
import { aiOf, changeModel } from '../../_breaking/model.ts';
import { rollOut } from '../../_breaking/backend.ts';
import type { Control, ControlContext } from '../../harness/control.ts';
import { deployment } from '../../_breaking/objects.ts';
import type { ContainerPart } from '../../_breaking/objects.ts';

/** How the reference service is told to (env/local/platform/tender-ai). */
const EARLY = { name: 'ACK_BEFORE_WORK', value: 'on' };
/**
 * So long each job takes, at five a second: some are under way in every pod at any time. A pod that is deleted without grace has two seconds all
 * the same (kubelet's least), and the service gives up on a model after ten.
 */
const MODEL_MS = 4_000;
/** A service that is told to end may not finish what it has begun; nor may it wait before it is told. */
const GRACE_SECONDS = 1;
/** A frozen pod does its work once it thaws; one whose probe has failed meanwhile is killed instead. */
const IMPATIENT = { periodSeconds: 2, timeoutSeconds: 1, failureThreshold: 2 };
/** Jobs after the fault; enough to say that it works, and short. */
const WINDOW_SECONDS = 20;
/** The backlog is done in this time, however slow its model is. */
const DONE_WITHIN_MS = 90_000;

const FAULTS = ['pod-crash', 'pod-delete', 'hang', 'node-loss', 'rolling-restart'] as const;

export const aiControls: readonly Control[] = FAULTS.map((fault) => ({
  id: `failover/ai/${fault}/acknowledged-early`,
  check: `failover/ai/${fault}`,
  verdict: 'fail',
  size: 'any',
  title: 'jobs are acknowledged before they are done',
  expectSeen: /accepted jobs? never came to an end/,
  settings: {
    goals: { windowSeconds: WINDOW_SECONDS },
    settings: { jobs: { doneWithinMs: DONE_WITHIN_MS } },
  },
  break: (ctx) => acknowledgeEarly(ctx, fault),
  verify: (_, judgement) => Promise.resolve(fewLost(judgement)),
}));

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

/** Those under way are lost, not all: a backlog that is merely late would be another reason. */
export function fewLost({ figures }: Judgement): string | null {
  const figure = (name: string): number => Number(figures.find((one) => one.name === name)?.value);
  const [lost, accepted] = [figure('lost jobs'), figure('accepted jobs')];
  return lost > 0 && lost < accepted / 2
    ? null
    : `${lost} of ${accepted} jobs are lost: expected some, and fewer than half`;
}
