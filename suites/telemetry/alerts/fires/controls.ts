import { disconnectSource, reconfigure } from '../../_following/breaking.ts';
import { NotApplicable } from '../../../harness/control.ts';
import type { Control, ControlContext } from '../../../harness/control.ts';

/** Renames the canary's rule: the breach then fires an alert that the check does not wait for. */
async function unloadCanaryRule(ctx: ControlContext): Promise<void> {
  const name = ctx.environment.telemetry?.alerts?.canary.alert;
  if (name === undefined) throw new NotApplicable('the environment declares no telemetry.alerts');
  await reconfigure(ctx, name, (text) => text.replaceAll(name, 'UnloadedCanaryBreach'));
}

export const controls: readonly Control[] = [
  {
    id: 'telemetry/alerts/fires/unloaded',
    check: 'telemetry/alerts/fires',
    verdict: 'fail',
    size: 'any',
    title: "the rule of the canary's breach is not loaded",
    expectSeen: /the alert of the breach: .*none after/,
    break: unloadCanaryRule,
  },
  {
    id: 'telemetry/alerts/fires/unreachable',
    check: 'telemetry/alerts/fires',
    verdict: 'inconclusive',
    size: 'any',
    title: 'the Service of Alertmanager leads nowhere',
    expectSeen: /Alertmanager unavailable/,
    break: (ctx) => disconnectSource(ctx, 'alerts'),
  },
];
