/** Ids of the traces that canary requests begin, by the run and the number of the request: whoever knows these knows the ids. */
import { createHash } from 'node:crypto';

/**
 * Hexadecimal digits that all traces of a run share: the first 8 of 16 bytes, by which a store is searched. The others differ with each
 * request, since samplers decide by the last 7 or 8 bytes (W3C Trace Context, level 2, "random-trace-id"; OpenTelemetry's TraceIdRatioBased).
 */
const SHARED_DIGITS = 16;
const DIGITS = 32;

export function tracePrefixOf(run: string): string {
  return digest(run).slice(0, SHARED_DIGITS);
}

/** 32 hexadecimal digits, as `traceparent` has them. */
export function traceIdOf(run: string, n: number): string {
  return `${tracePrefixOf(run)}${digest(`${run}/${n}`).slice(0, DIGITS - SHARED_DIGITS)}`;
}

/** The numbers of a run's requests by the ids of their traces. */
export function requestsByTrace(run: string, requests: number): ReadonlyMap<string, number> {
  return new Map(Array.from({ length: requests }, (_, index) => [traceIdOf(run, index + 1), index + 1]));
}

const digest = (text: string): string => createHash('sha256').update(text).digest('hex');
