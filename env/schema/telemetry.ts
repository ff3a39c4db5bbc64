import { z } from 'zod';
import { plainUrl } from './common.ts';

/** Where the environment takes traces by OTLP over HTTP: the trace of each run of Plumbline goes there. */
const otlp = z
  .strictObject({ url: plainUrl.describe('Base of OTLP over HTTP, without /v1/traces') })
  .describe('Where the trace of each run of Plumbline is sent');

const pushgateway = z
  .strictObject({ url: plainUrl.describe('Base of its HTTP API, without /metrics') })
  .describe('The Pushgateway that the metrics of each run are sent to');

export const telemetry = z
  .strictObject({ otlp: otlp.optional(), pushgateway: pushgateway.optional() })
  .describe("The environment's observability");

export type TelemetrySettings = z.infer<typeof telemetry>;
