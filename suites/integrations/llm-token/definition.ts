import { OF_THE_MODEL } from '../_model/declaring.ts';
import { row } from '../../catalogue/row.ts';
import type { CatalogueRow } from '../../catalogue/types.ts';

export const checks: readonly CatalogueRow[] = [
  row({
    ...OF_THE_MODEL,
    id: 'integrations/llm-token',
    order: 1100,
    touches: { runner: ['ai.scanLogs'] },
    // It asks nothing of the model.
    alone: () => false,
    title: "The language model's token is in no log",
    section: '7',
    access: 'r r r r r',
    does: 'the logs of every container of platform, edge and the namespace of the AI service, and elsewhere of declared workloads and stores, as far back as kubelet keeps them',
    goal: "the model's token is in no log of any container of the platform and its edge, nor of what is declared elsewhere",
    stubbed: ['LLM'],
    requires: { what: 'ai.llm.token', declares: ({ ai: service }) => service?.llm.token !== undefined },
  }),
];
