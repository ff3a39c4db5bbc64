import { z } from 'zod';
import { kubeName, objectName, plainUrl, scaledObject, scalingMetric, secretSource } from '../declaring.ts';

/** What a stand-in for a language model does with a request. */
const behaviour = z.strictObject({
  delayMs: z.int().min(0).describe('Time before it answers, ms'),
  failRatio: z.number().min(0).max(1).describe('Share of the requests that it fails'),
  status: z.int().min(400).max(599).describe('Status with which it fails those requests'),
});

const llm = z
  .strictObject({
    token: secretSource
      .optional()
      .describe(
        'The token that the AI service sends to its model: integrations/llm-token searches every log for it',
      ),
    control: z
      .strictObject({
        url: plainUrl
          .refine((text) => /^http:/i.test(text), 'an http:// URL: the stand-in is told by plain HTTP')
          .describe('Base URL of the stand-in, http://: PUT /control below it changes its behaviour'),
        rest: behaviour
          .default({ delayMs: 300, failRatio: 0, status: 503 })
          .describe('Its normal behaviour, which is set again after each change'),
      })
      .optional()
      .describe('Only where the model is a stand-in: how Plumbline makes it slow, busy or broken'),
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
    deployment: objectName.describe('The Deployment that answers requests and processes jobs'),
    container: kubeName
      .optional()
      .describe(
        'The container of its pods that is the service; needed where a pod runs more than one: failover/ai/hang freezes it',
      ),
    load: z
      .strictObject({
        requestsPerSecond: z.int().min(1).max(1000),
        seconds: z.int().min(10).max(3600),
      })
      .default({ requestsPerSecond: 2, seconds: 60 })
      .describe(
        'The load of performance/ai: each request asks the model. A p95 needs at least 59 requests, an availability of 99.9 % at least 2,995',
      ),
    jobs: z
      .strictObject({ requestsPerSecond: z.number().min(4).max(200) })
      .default({ requestsPerSecond: 5 })
      .describe(
        'Things a second that failover/ai creates (application.requests.create), each a job for the service; below four a second it cannot be seen whether jobs flow',
      ),
    scaling: z
      .strictObject({
        perSecond: z
          .int()
          .min(1)
          .max(1000)
          .default(8)
          .describe('Things a second that are created: enough for a deep queue within seconds'),
        modelDelayMs: z
          .int()
          .min(0)
          .max(60_000)
          .default(5_000)
          .describe(
            'Delay of the stand-in for the model during the check, ms; below the time-out of the service',
          ),
        metric: scalingMetric,
        scaledObject,
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
