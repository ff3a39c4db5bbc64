import { reconfigure } from '../../_following/breaking.ts';
import type { Control, ControlContext } from '../../../harness/control.ts';

/** Renames a group of rules: no objective has a group of this name. */
async function unloadRule(ctx: ControlContext): Promise<void> {
  const name = 'plumbline-api-requests';
  await reconfigure(ctx, name, (text) => text.replaceAll(name, 'unloaded-api-requests'));
}

export const controls: readonly Control[] = [
  {
    id: 'telemetry/alerts/rules/unloaded',
    check: 'telemetry/alerts/rules',
    verdict: 'fail',
    size: 'any',
    title: 'the rules of one objective are not loaded',
    expectSeen: /objective api-requests.*no alerting rule/,
    break: unloadRule,
  },
];
