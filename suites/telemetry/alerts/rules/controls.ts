import { reconfigure } from '../../_following/breaking.ts';
import type { Judgement } from '../../../../reports/record/judgement.ts';
import { NotApplicable } from '../../../harness/control.ts';
import type { Control, ControlContext } from '../../../harness/control.ts';

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

export const controls: readonly Control[] = [
  {
    id: 'telemetry/alerts/rules/unloaded',
    check: 'telemetry/alerts/rules',
    verdict: 'fail',
    size: 'any',
    title: 'the rules of one objective are not loaded',
    expectSeen: /objective \S+.*no alerting rule/,
    break: unloadRule,
    verify: namesFirst,
  },
];
