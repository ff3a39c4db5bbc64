import { reconfigure } from '../../_following/breaking.ts';
import type { Judgement } from '../../../../reports/record/judgement.ts';
import { NotApplicable, controlsFor } from '../../../harness/control.ts';
import type { ControlContext } from '../../../harness/control.ts';

/** Renames the group of rules of the first objective: no objective has a group of this name. */
async function unloadRule(ctx: ControlContext): Promise<void> {
  const { telemetry, objectives } = ctx.environment;
  const [first] = objectives;
  if (telemetry?.alerts === undefined || first === undefined)
    throw new NotApplicable('the environment declares no telemetry.alerts, or no objective');
  const name = `${telemetry.alerts.ruleGroups.prefix}${first.name}`;
  await reconfigure(ctx, name, (text) => text.replaceAll(name, `unloaded-${first.name}`));
}

function namesFirst({ environment }: ControlContext, { findings }: Judgement): Promise<string | null> {
  const subject = `rules of objective ${environment.objectives[0]?.name ?? ''}`;
  const named = findings.some((one) => !one.ok && one.subject === subject);
  return Promise.resolve(named ? null : `no finding of ${subject}, whose rules are not loaded`);
}

export const controls = controlsFor('telemetry/alerts/rules', {
  unloaded: {
    title: 'the rules of one objective are not loaded',
    seen: /objective \S+.*no alerting rule/,
    break: unloadRule,
    verify: namesFirst,
  },
});
