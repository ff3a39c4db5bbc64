import { isAbsolute } from 'node:path';
import { z } from 'zod';

/** How the client load's process ends. unreachable: not one operation got through. */
export const EXIT = { ended: 0, unreachable: 2, history: 3, config: 64 } as const;

/** Configuration of the client load's process, one line of JSON on its standard input. */
export const clientLoadConfigSchema = z.strictObject({
  store: z.string(),
  /** Absolute folder of the trial's history. */
  history: z.string().refine(isAbsolute, 'must be an absolute path'),
  /** Marks this trial's writes in the store. */
  run: z.string().min(1),
  connection: z.strictObject({
    host: z.string().min(1),
    port: z.int().min(1).max(65535),
    alternatives: z
      .array(z.strictObject({ host: z.string().min(1), port: z.int().min(1).max(65535) }))
      .optional(),
    database: z.string(),
    user: z.string(),
    password: z.string(),
    tls: z
      .strictObject({
        ca: z.string().optional(),
        serverName: z.string(),
        certificate: z.string().optional(),
        key: z.string().optional(),
      })
      .optional(),
    secrets: z.record(z.string(), z.string()).optional(),
    declared: z.record(z.string(), z.unknown()).optional(),
  }),
  /** At 200 a second an edge of an outage is known to within 5 ms; a store that does not bear them is given fewer. */
  ratePerSecond: z.number().positive().max(2000).default(200),
  readRatePerSecond: z.number().min(0).max(2000).default(20),
  /** Well above any commit of a healthy store, well below any goal. */
  operationTimeoutMs: z.number().positive().default(1000),
  /**
   * Within a cluster a SYN is answered in a millisecond or was lost, and a lost one is sent again only after 1 s. For what may be further away see
   * connect-timeout.ts.
   */
  connectTimeoutMs: z.number().positive().default(100),
  waitTimeoutMs: z.number().positive().default(500),
  connections: z.int().min(1).default(12),
  maxConnections: z.int().min(1).default(16),
});
export type ClientLoadConfig = z.infer<typeof clientLoadConfigSchema>;
export type ClientLoadInput = z.input<typeof clientLoadConfigSchema>;

/** @throws Error that names each field, without the values (one is a password). */
export function parseClientLoadConfig(text: string): ClientLoadConfig {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Error('client load: standard input is not one line of JSON');
  }
  const parsed = clientLoadConfigSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'config'}: ${issue.message}`);
  throw new Error(`client load: ${issues.join('; ')}`);
}
