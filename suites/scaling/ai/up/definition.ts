import { ai, together, wholeTopology } from '../../../catalogue/reads.ts';
import { backend, request } from '../../../catalogue/requirements.ts';
import { WHILE_LOADED } from '../../_autoscaler/declaring.ts';
import { always, row } from '../../../catalogue/row.ts';
import { touching } from '../../../catalogue/touches.ts';
import type { CatalogueRow } from '../../../catalogue/types.ts';

export const checks: readonly CatalogueRow[] = [
  row({
    id: 'scaling/ai/up',
    order: 700,
    touches: touching(WHILE_LOADED, { runner: ['ai.behave'] }),
    title: 'The AI service grows with its queue',
    section: '5.2',
    access: 'w - w w -',
    does: "things created through the edge while the model's stand-in is slow (ai.scaling), and meanwhile the autoscaler of the AI service, its metric and its pods; afterwards queue, model and pods are as before",
    goal: 'the autoscaler decides by the depth of the AI queue: decision within 60 s and new pods ready within 90 s of the full load; afterwards queue and pods as before',
    goals: { decisionSeconds: 60, readySeconds: 90, deliveredShare: 0.98 },
    parts: ['ai'],
    requires: [
      { what: 'ai.scaling', declares: (environment) => environment.ai?.scaling !== undefined },
      ...backend,
      ...request('create', 'id'),
    ],
    reads: together(wholeTopology, ai),
    alone: always,
    time: {
      waits: ['scaleDown', 'edgeRequest', 'scaleUp', 'loadStop', 'loadStop', 'scaleDown', 'settle'],
      usualMs: 120_000,
    },
  }),
];
