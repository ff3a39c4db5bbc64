import { z } from 'zod';
import { shapedAs, SignalClient } from '../signals/index.ts';
import type { SignalAddress, SignalBounds } from '../signals/index.ts';
import type { Health } from './grafana.ts';

/** `GET /api/status` of Kibana 9 (https://www.elastic.co/docs/api/doc/kibana/operation/operation-get-status). Never tried against a Kibana: not met yet. */
const answer = z.object({
  status: z.object({ overall: z.object({ level: z.string(), summary: z.string().default('') }) }),
});

/** @throws SignalError where it does not answer */
export async function askKibana(address: SignalAddress, bounds: SignalBounds): Promise<Health> {
  const client = new SignalClient(address);
  try {
    const { data } = await client.json({ path: '/api/status' }, bounds, [503]);
    const { level, summary } = shapedAs(answer, data, `${address.url}/api/status`).status.overall;
    return { name: 'Kibana', ok: level === 'available', detail: `${level} ${summary}`.trim() };
  } finally {
    client.close();
  }
}
