import { z } from 'zod';
import { hostPort, plainUrl, secretSource, trust } from './common.ts';

const otlp = z
  .strictObject({
    url: plainUrl.describe('Base of an OTLP/HTTP receiver, without /v1/traces'),
    address: hostPort.optional().describe('Connect here instead of resolving the name in the URL'),
    trust: trust.optional(),
    token: secretSource.optional().describe('A bearer token'),
  })
  .describe("Where Plumbline's own traces go; without it they go nowhere");

const pushgateway = z
  .strictObject({
    url: plainUrl.describe('Base of a Prometheus Pushgateway, without /metrics'),
    address: hostPort.optional().describe('Connect here instead of resolving the name in the URL'),
    trust: trust.optional(),
    user: z.string().min(1).optional(),
    password: secretSource.optional(),
  })
  .describe("Where Plumbline's own metrics are pushed; without it they are only in metrics.prom");

export const telemetry = z
  .strictObject({ otlp: otlp.optional(), pushgateway: pushgateway.optional() })
  .describe("The environment's observability");

export type OtlpSettings = z.infer<typeof otlp>;
export type PushgatewaySettings = z.infer<typeof pushgateway>;
