import { disconnectSource } from '../../_following/breaking.ts';
import { NO_SHIPPER, namesNode, stopOne } from '../../_following/controls.ts';
import type { Judgement } from '../../../../reports/record/judgement.ts';
import type { Control } from '../../../harness/control.ts';
import { shipTwice } from './shipped-twice.ts';

export const controls: readonly Control[] = [
  {
    id: 'telemetry/logs/canary/shipper-stopped',
    check: 'telemetry/logs/canary',
    verdict: 'fail',
    size: 'any',
    title: 'no shipper on one node',
    expectSeen: NO_SHIPPER,
    break: stopOne,
    verify: namesNode,
  },
  {
    id: 'telemetry/logs/canary/store-unreachable',
    check: 'telemetry/logs/canary',
    verdict: 'inconclusive',
    size: 'any',
    title: 'the Service of the log store leads nowhere',
    expectSeen: /store of logs unavailable/,
    break: (ctx) => disconnectSource(ctx, 'logs'),
  },
  {
    id: 'telemetry/logs/canary/shipped-twice',
    check: 'telemetry/logs/canary',
    verdict: 'fail',
    size: 'any',
    title: 'one line is in the store twice',
    expectSeen: /1 duplicated/,
    settings: { goals: { duplicatedRatio: 0 } },
    break: shipTwice,
    verify: (_, judgement) =>
      Promise.resolve(figureIs(judgement, 'duplicated', 1) ?? figureIs(judgement, 'missing', 0)),
  },
];

function figureIs({ figures }: Judgement, name: string, value: number): string | null {
  const found = figures.find((figure) => figure.name === name)?.value;
  return found === value ? null : `expected ${value} ${name}, found ${String(found)}`;
}
