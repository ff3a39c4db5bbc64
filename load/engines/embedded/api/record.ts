import type { Exchange } from '../http/exchange.ts';
import type { Tags } from '../metrics/metric.ts';
import type { Prepared } from './call.ts';
import { timingsOf } from './response.ts';
import { isSystemTagOn, SampleTags } from './tags.ts';
import { countError } from './thread.ts';
import type { Vu } from './vu.ts';

/** Counts and measures one request that has ended, as k6 does for each of a chain of redirects. */
export function recordExchange(vu: Vu, exchange: Exchange, prepared: Prepared): void {
  const { registry, counts } = vu.thread;
  const { built } = registry;
  const times = timingsOf(exchange);
  const status = exchange.head?.status ?? 0;
  const expected = prepared.params.callback?.(status);
  const tags = registry.tagged ? tagsOfExchange(vu, exchange, { prepared, expected }) : null;
  built.http_reqs.add(1, tags);
  built.http_req_duration.add(times.duration, tags);
  built.http_req_blocked.add(times.blocked, tags);
  built.http_req_connecting.add(times.connecting, tags);
  built.http_req_tls_handshaking.add(times.tls_handshaking, tags);
  built.http_req_sending.add(times.sending, tags);
  built.http_req_waiting.add(times.waiting, tags);
  built.http_req_receiving.add(times.receiving, tags);
  if (expected !== undefined) built.http_req_failed.add(expected ? 0 : 1, tags);
  // Only the first request of an iteration can be late: those after it wait for answers, not for the schedule.
  const latency = exchange.endMs - exchange.startMs + vu.latenessMs;
  vu.latenessMs = 0;
  built.plumbline_latency.add(latency, tags);
  vu.thread.latency(latency);
  counts.requests++;
  if (!(expected ?? exchange.error === null)) countFailed(vu, exchange);
}

function countFailed(vu: Vu, { head, error }: Exchange): void {
  const { counts } = vu.thread;
  counts.failed++;
  countError(counts, error?.message ?? `status ${head?.status ?? 0}`);
}

/** Tags of the script beside k6's own, which win; but a name that the script gives is the URL's too. */
function tagsOfExchange(
  vu: Vu,
  exchange: Exchange,
  { prepared, expected }: { prepared: Prepared; expected: boolean | undefined },
): Tags {
  const given = prepared.params.tags ?? {};
  const { options } = vu.thread;
  // k6 leaves the template out where it does not set names.
  const template = isSystemTagOn(options, 'name') ? prepared.template : null;
  const name: string | undefined = given['name'] ?? vu.tags['name'];
  const known = template ?? exchange.target.clean;
  const system: Record<string, string> = {};
  const all: Record<string, string> = {
    ...(name === undefined && { name: known }),
    url: name ?? known,
    ...outcomeOf(exchange),
    method: exchange.method,
    ...(expected !== undefined && { expected_response: String(expected) }),
  };
  for (const [tag, value] of Object.entries(all)) if (isSystemTagOn(options, tag)) system[tag] = value;
  return new SampleTags(vu, given, system);
}

function outcomeOf({ head, error }: Exchange): Record<string, string> {
  if (error !== null) return { status: '0', error: error.message, error_code: String(error.errorCode) };
  if (head === null) return { status: '0' };
  const { status, proto } = head;
  return {
    ...{ status: String(status), proto },
    ...(status >= 400 && { error_code: String(1000 + status) }),
  };
}
