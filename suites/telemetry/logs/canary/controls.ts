import { disconnectSource } from '../../_following/breaking.ts';
import { NO_SHIPPER, namesNode, stopOne } from '../../_following/controls.ts';
import type { Judgement } from '../../../../reports/record/judgement.ts';
import { controlsFor } from '../../../harness/control.ts';
import { shipTwice } from './shipped-twice.ts';

export const controls = controlsFor('telemetry/logs/canary', {
  'shipper-stopped': {
    title: 'no shipper on one node',
    seen: NO_SHIPPER,
    break: stopOne,
    verify: namesNode,
  },
  'store-unreachable': {
    verdict: 'inconclusive',
    title: 'the Service of the log store leads nowhere',
    seen: /store of logs unavailable/,
    break: (ctx) => disconnectSource(ctx, 'logs'),
  },
  'shipped-twice': {
    title: 'one line is in the store twice',
    seen: /1 duplicated/,
    settings: { goals: { duplicatedRatio: 0 } },
    break: shipTwice,
    verify: (_, judgement) =>
      Promise.resolve(figureIs(judgement, 'duplicated', 1) ?? figureIs(judgement, 'missing', 0)),
  },
});

function figureIs({ figures }: Judgement, name: string, value: number): string | null {
  const found = figures.find((figure) => figure.name === name)?.value;
  return found === value ? null : `expected ${value} ${name}, found ${String(found)}`;
}
