import {
  hostPort,
  objectName,
  plainUrl,
  scaledObject,
  scalingMetric,
  scenarioName,
  trust,
} from '../declaring.ts';
import { z } from 'zod';

export const hop = z.strictObject({
  name: z.string().min(1).describe('load balancer, ingress, gateway or service'),
  header: z.string().min(1).describe('Header of the answer in which the hop leaves its name'),
  contains: z.string().min(1).describe('Text that the header must contain'),
  stubFor: z.string().optional().describe('The product that it stands in for, where it is a stand-in'),
});

export const edge = z.strictObject({
  url: plainUrl
    .refine(
      (text) => !/[?#]/.test(text),
      'a URL without query: that of each request is in application.requests',
    )
    .describe('Where clients reach the application: the paths of application.requests lie below it'),
  address: hostPort.optional().describe('Connect here instead of resolving the name in the URL'),
  trust,
  hops: z
    .array(hop)
    .min(1)
    .describe(
      'In the order in which the request passes them; so their names stand in a header that several write, and the other way round in Via',
    ),
  backend: z
    .strictObject({
      deployment: objectName,
      requestsPerSecond: z
        .number()
        .min(25)
        .max(1000)
        .default(100)
        .describe(
          'Open-loop load of failover/backend; at least 25 a second, since 99.9 % needs about 3,000 requests in two minutes',
        ),
      scaling: z
        .strictObject({
          lowPerSecond: z
            .int()
            .min(1)
            .max(10_000)
            .describe('Requests a second that its minimum of pods carries easily'),
          highPerSecond: z
            .int()
            .min(2)
            .max(10_000)
            .describe('Requests a second that lift its minimum of pods above the target of its autoscaler'),
          rampSeconds: z.int().min(1).max(600),
          scenario: scenarioName
            .optional()
            .describe('One of load.scenarios, which is sent in place of reads of the list'),
          metric: scalingMetric,
          scaledObject,
        })
        .default({ lowPerSecond: 10, highPerSecond: 200, rampSeconds: 30 })
        .describe('Requests a second through the edge by which scaling/backend makes it grow and shrink'),
    })
    .optional()
    .describe(
      'The Deployment (or Rollout, where topology.workloads declares it as one) that answers at the end of the chain, whose failover is tested through the edge',
    ),
});

export type Edge = z.infer<typeof edge>;
export type Hop = z.infer<typeof hop>;
