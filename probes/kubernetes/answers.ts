/** Validates answers of the API server on arrival, so that a malformed one is reported here and never reaches a check. */
import { KubeError } from './errors.ts';
import { isRecord } from '../../reports/record/is-record.ts';
import type { KubeObject, WatchEvent } from './types.ts';

interface Where {
  verb: string;
  path: string;
}

/** One page of a list; apiVersion and kind of its items are added from the list. */
export interface Page {
  items: KubeObject[];
  next: string;
  resourceVersion: string;
}

/** @throws KubeError `server` */
export function objectIn(text: string, where: Where): KubeObject {
  const value = jsonIn(text, where);
  if (isRecord(value) && isObject(value)) return value;
  throw malformed('not a Kubernetes object', where);
}

/** The answer to a review, which is created as an object but never stored, so it has no name. @throws KubeError `server` */
export function reviewIn(
  text: string,
  where: Where,
): Pick<KubeObject, 'apiVersion' | 'kind'> & Record<string, unknown> {
  const value = jsonIn(text, where);
  if (isRecord(value) && isTyped(value)) return value;
  throw malformed('not a Kubernetes object', where);
}

/** @throws KubeError `server` */
export function pageIn(text: string, of: { apiVersion: string; kind: string }, where: Where): Page {
  const value = jsonIn(text, where);
  if (!isRecord(value) || !isRecord(value['metadata'])) throw malformed('not a list', where);
  const { resourceVersion, continue: next = '' } = value['metadata'];
  if (typeof resourceVersion !== 'string' || typeof next !== 'string')
    throw malformed('a list without resourceVersion', where);
  const items = value['items'] ?? [];
  if (!Array.isArray(items)) throw malformed('a list without items', where);
  return { items: items.map((item) => itemOf(item, of, where)), next, resourceVersion };
}

function itemOf(item: unknown, of: { apiVersion: string; kind: string }, where: Where): KubeObject {
  if (!isRecord(item)) throw malformed('an item that is not an object', where);
  item['apiVersion'] = of.apiVersion;
  item['kind'] = of.kind;
  if (!isObject(item)) throw malformed('an item without a name', where);
  return item;
}

/** @throws KubeError `server` */
export function eventIn(line: string, where: Where): WatchEvent {
  const value = jsonIn(line, where);
  if (isRecord(value) && isEvent(value)) return value;
  throw malformed('not a watch event', where);
}

function isEvent(value: Record<string, unknown>): value is Record<string, unknown> & WatchEvent {
  const { type, object } = value;
  if (!isRecord(object)) return false;
  if (type === 'ERROR') return true;
  if (type === 'BOOKMARK')
    return isRecord(object['metadata']) && typeof object['metadata']['resourceVersion'] === 'string';
  return (type === 'ADDED' || type === 'MODIFIED' || type === 'DELETED') && isObject(object);
}

function isObject(value: Record<string, unknown>): value is KubeObject {
  const { metadata } = value;
  return isTyped(value) && isRecord(metadata) && typeof metadata['name'] === 'string';
}

function isTyped(
  value: Record<string, unknown>,
): value is Pick<KubeObject, 'apiVersion' | 'kind'> & Record<string, unknown> {
  return typeof value['apiVersion'] === 'string' && typeof value['kind'] === 'string';
}

function jsonIn(text: string, where: Where): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw malformed('not JSON', { ...where, cause });
  }
}

function malformed(what: string, where: Where & { cause?: unknown }): KubeError {
  return new KubeError('server', `${where.verb} ${where.path}: malformed: ${what}`, where);
}
