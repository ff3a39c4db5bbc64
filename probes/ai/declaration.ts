import { z } from 'zod';
import { objectName, plainUrl, secretSource } from '../declaring.ts';

/** What a stand-in for a language model does with a request. */
const behaviour = z.strictObject({
  delayMs: z.int().min(0).describe('Before it answers, ms'),
  failRatio: z.number().min(0).max(1).describe('Share of the requests that it fails'),
  status: z.int().min(400).max(599).describe('With which it fails them'),
});

const llm = z
  .strictObject({
    token: secretSource
      .optional()
      .describe('What the AI service shows to its model: integrations/llm-token looks for it in every log'),
    control: z
      .strictObject({
        url: plainUrl.describe('PUT /control below it changes what the stand-in does'),
        rest: behaviour
          .default({ delayMs: 300, failRatio: 0, status: 503 })
          .describe('What it does when nobody asks for anything else: it is put back to that'),
      })
      .optional()
      .describe('Only of a stand-in: how it is made slow, busy or broken'),
    stubbed: z.boolean().default(false).describe('The model is a stand-in; the report says so'),
  })
  .default({ stubbed: false });

/** Names under which the service keeps the effects of a job: where they are not as here, doubles cannot be counted. */
const effects = z
  .strictObject({
    index: z.string().min(1).default('tenders').describe('Elasticsearch: index of the vectors'),
    field: z
      .string()
      .min(1)
      .default('_id')
      .describe('Elasticsearch: field with the id of the tender, of type keyword, or _id'),
    label: z.string().regex(/^\w+$/, 'a name').default('Tender').describe('Neo4j: label of the node'),
    property: z.string().regex(/^\w+$/, 'a name').default('id').describe('Neo4j: property with the id'),
  })
  .prefault({});

export const ai = z
  .strictObject({
    url: plainUrl.describe('POST {title} through the edge answers with a draft, {text, degraded}'),
    deployment: objectName.describe('The Deployment that answers, and takes jobs'),
    load: z
      .strictObject({
        requestsPerSecond: z.int().min(1).max(1000),
        seconds: z.int().min(10).max(3600),
      })
      .default({ requestsPerSecond: 2, seconds: 60 })
      .describe(
        'The load of performance/ai: each request asks the model. 59 are the fewest that can show a p95, 2,995 the fewest for 99.9 %',
      ),
    jobs: z
      .strictObject({ requestsPerSecond: z.number().min(4).max(200) })
      .default({ requestsPerSecond: 5 })
      .describe(
        'Tenders a second that failover/ai asks for, each a job for the service; of fewer than four nobody can say whether they flow',
      ),
    scaling: z
      .strictObject({
        perSecond: z
          .int()
          .min(1)
          .max(1000)
          .default(8)
          .describe('Tenders a second: so many that its queue is deep within seconds'),
        modelDelayMs: z
          .int()
          .min(0)
          .max(60_000)
          .default(5_000)
          .describe(
            'How slow the stand-in for the model is made meanwhile; less than the service waits for it',
          ),
      })
      .optional()
      .describe(
        'How scaling/ai/up fills its queue: some thousand jobs, each of which asks the model. Without it that check is not run',
      ),
    effects,
    llm,
  })
  .describe('The AI service, its jobs and its language model');

export type AiSettings = z.infer<typeof ai>;
export type LlmBehaviour = z.infer<typeof behaviour>;
