import { disconnectSource, reconfigure } from '../../_following/breaking.ts';
import { NotApplicable, controlsFor } from '../../../harness/control.ts';
import type { ControlContext } from '../../../harness/control.ts';

/** Renames the canary's rule: the breach then fires an alert that the check does not wait for. */
async function unloadCanaryRule(ctx: ControlContext): Promise<void> {
  const name = ctx.environment.telemetry?.alerts?.canary.alert;
  if (name === undefined) throw new NotApplicable('the environment declares no telemetry.alerts');
  await reconfigure(ctx, name, (text) => text.replaceAll(name, 'UnloadedCanaryBreach'));
}

export const controls = controlsFor('telemetry/alerts/fires', {
  unloaded: {
    title: "the rule of the canary's breach is not loaded",
    seen: /the alert of the breach: .*none after/,
    break: unloadCanaryRule,
  },
  unreachable: {
    verdict: 'inconclusive',
    title: 'the Service of Alertmanager leads nowhere',
    seen: /Alertmanager unavailable/,
    break: (ctx) => disconnectSource(ctx, 'alerts'),
  },
});
