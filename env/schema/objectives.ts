import { z } from 'zod';
import { hostPort, kubeName, plainUrl, secretSource, trust } from '../../probes/declaring.ts';

/** `5m`, `30d`: minutes, hours, days, weeks. */
const FIXED_DURATION = /^[1-9]\d*[mhdw]$/;

/** The objectives of env/objectives that an environment holds, with what differs here. */
export const objectives = z
  .array(
    z.strictObject({
      name: kubeName.describe('Name of a document in env/objectives'),
      status: z
        .enum(['assumed', 'confirmed'])
        .default('assumed')
        .describe('confirmed: an owner has agreed to it'),
      by: z.string().min(1).optional().describe('Who confirmed it'),
      target: z.number().gt(0).lt(1).optional().describe('Share that must be good, e.g. 0.999'),
      value: z
        .number()
        .optional()
        .describe('For a thresholdMetric: the value that its query is compared with'),
      window: z
        .union([z.literal('run'), z.string().regex(FIXED_DURATION, 'a duration such as 30d, or "run"')])
        .optional()
        .describe(
          'A rolling window such as 30d, or "run" for the duration of the run; when left out, the run in a local environment, else the window of the document',
        ),
    }),
  )
  .default([])
  .describe('Service level objectives that this environment must meet');

export const prometheus = z
  .strictObject({
    url: plainUrl.describe('Base of its HTTP API, without /api/v1'),
    address: hostPort.optional().describe('Connect here instead of resolving the name in the URL'),
    trust: trust.optional(),
    user: z.string().min(1).optional(),
    password: secretSource.optional(),
    token: secretSource.optional().describe('A bearer token, instead of user and password'),
    scrapeSeconds: z
      .number()
      .positive()
      .default(15)
      .describe('Scrape interval: more than two and a half intervals without a sample are a gap'),
  })
  .refine(({ url, password, token }) => url.startsWith('https:') || (password ?? token) === undefined, {
    path: ['url'],
    message: 'https, where a password or a token is sent',
  })
  .describe('The Prometheus that scrapes the platform');

export type ObjectiveChoice = z.infer<typeof objectives>[number];
export type PrometheusSettings = z.infer<typeof prometheus>;
