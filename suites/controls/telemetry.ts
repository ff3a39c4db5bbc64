/** Controls of telemetry/…: what loses a line, a span, a series or a rule, and what hides that nothing is known. */
import type { Judgement } from '../../reports/record/judgement.ts';
import type { Control, ControlContext } from './control.ts';
import { dashboardControls } from './telemetry-dashboards.ts';
import { shipTwice } from './telemetry-logs.ts';
import {
  disconnect,
  disconnectObservability,
  omit,
  passed,
  reconfigure,
  shippedNodes,
  stopShipper,
} from './telemetry-platform.ts';

/** Enough to show that what is broken is missing everywhere, and short. */
const FEW = { requests: 100, few: 20 };
/** A share is decided by blocks of time: what is lost within 5 s may be one event, and decides nothing. */
const OVER_15_S = { ...FEW, requests: 300 };
/** Patroni logs a line every loop of 5 s: so much later its pods have logged lines that nobody ships and that had the time to arrive. */
const UNSHIPPED_MS = 30_000;
const SOON = { visibleSeconds: 10 };
/** Three scrapes of 5 s: older than two, and Prometheus has looked for its targets anew. */
const UNSCRAPED_MS = 20_000;
/** The node of this control, for its own check. */
const stopped = new WeakMap<ControlContext, string>();

async function stopOne(ctx: ControlContext): Promise<void> {
  const node = (await shippedNodes(ctx)).at(-1);
  if (node === undefined) throw new Error('no node has a shipper');
  await stopShipper(ctx, node);
  stopped.set(ctx, node);
}

/** The node must be named, and no other. */
async function namesNode(ctx: ControlContext, judgement: Judgement): Promise<string | null> {
  const node = stopped.get(ctx) ?? '';
  const named = judgement.findings.filter(({ ok }) => !ok).map(({ subject }) => subject);
  const others = await shippedNodes(ctx);
  if (!named.some((subject) => hasWord(subject, node))) return `${node} is not named: ${named.join(', ')}`;
  const wrong = others.filter((other) => named.some((subject) => hasWord(subject, other)));
  return wrong.length === 0 ? null : `${wrong.join(', ')} ship, and are named`;
}

function hasWord(text: string, word: string): boolean {
  return text.split(/[\s()]+/).includes(word);
}

const NO_SHIPPER = /has no pod on/;

const logControls: readonly Control[] = [
  {
    id: 'telemetry/logs/canary/shipper-stopped',
    check: 'telemetry/logs/canary',
    verdict: 'fail',
    size: 'any',
    title: 'no shipper on one node',
    expectSeen: NO_SHIPPER,
    break: stopOne,
    verify: namesNode,
  },
  {
    id: 'telemetry/logs/canary/store-unreachable',
    check: 'telemetry/logs/canary',
    verdict: 'inconclusive',
    size: 'any',
    title: 'the Service of the log store leads nowhere',
    expectSeen: /store of logs unavailable/,
    break: (ctx) => disconnectObservability(ctx, 'logstore'),
  },
  {
    id: 'telemetry/logs/canary/shipped-twice',
    check: 'telemetry/logs/canary',
    verdict: 'fail',
    size: 'any',
    title: 'one line is in the store twice',
    expectSeen: /1 duplicated/,
    settings: { goals: { duplicatedRatio: 0 } },
    break: shipTwice,
    verify: (_, judgement) =>
      Promise.resolve(figureIs(judgement, 'duplicated', 1) ?? figureIs(judgement, 'missing', 0)),
  },
  {
    id: 'telemetry/logs/every-workload/shipper-stopped',
    check: 'telemetry/logs/every-workload',
    verdict: 'fail',
    size: 'any',
    title: 'no shipper on the node of a pod that logs',
    expectSeen: /missing .*postgres-0 on node/,
    settings: { goals: SOON, settings: { everyWorkload: { waitMs: UNSHIPPED_MS } } },
    break: async (ctx) => {
      const pods = await ctx.list({ kind: 'v1/Pod', namespace: 'tender' });
      const pod = pods.find(({ metadata }) => metadata.name === 'postgres-0');
      const { nodeName } = pod?.spec ?? {};
      if (nodeName === undefined) throw new Error('Pod tender/postgres-0 is on no node');
      await stopShipper(ctx, nodeName);
    },
  },
  {
    id: 'telemetry/logs/under-fault/shipper-stopped',
    check: 'telemetry/logs/under-fault',
    verdict: 'fail',
    size: 'any',
    title: 'no shipper on one node while PostgreSQL fails over',
    expectSeen: NO_SHIPPER,
    break: stopOne,
    verify: namesNode,
  },
];

function figureIs({ figures }: Judgement, name: string, value: number): string | null {
  const found = figures.find((figure) => figure.name === name)?.value;
  return found === value ? null : `expected ${value} ${name}, found ${String(found)}`;
}

const traceControls: readonly Control[] = [
  {
    id: 'telemetry/traces/canary/exporter-dropped',
    check: 'telemetry/traces/canary',
    verdict: 'fail',
    size: 'any',
    title: 'tender-api exports no spans',
    expectSeen: /no span of tender-api/,
    settings: { settings: { canary: FEW } },
    break: (ctx) => omit(ctx, 'export'),
  },
  {
    id: 'telemetry/traces/canary/context-dropped',
    check: 'telemetry/traces/canary',
    verdict: 'fail',
    size: 'any',
    title: 'the trace context is not handed on through AMQP',
    expectSeen: /tender-api → tender-ai \(amqp\)/,
    settings: { settings: { canary: FEW } },
    requires: ['ai'],
    break: (ctx) => omit(ctx, 'amqp-context'),
  },
  {
    id: 'telemetry/traces/canary/store-unreachable',
    check: 'telemetry/traces/canary',
    verdict: 'inconclusive',
    size: 'any',
    title: 'the Service of the trace store leads nowhere',
    expectSeen: /store of traces unavailable/,
    settings: { settings: { canary: FEW } },
    break: (ctx) => disconnectObservability(ctx, 'jaeger'),
  },
  {
    id: 'telemetry/traces/complete/exporter-dropped',
    check: 'telemetry/traces/complete',
    verdict: 'fail',
    size: 'any',
    title: 'tender-api exports no spans',
    expectSeen: /no span of tender-api/,
    settings: { settings: { canary: OVER_15_S } },
    break: (ctx) => omit(ctx, 'export'),
  },
  {
    id: 'telemetry/traces/under-fault/exporter-dropped',
    check: 'telemetry/traces/under-fault',
    verdict: 'fail',
    size: 'any',
    title: 'tender-api exports no spans while PostgreSQL fails over',
    expectSeen: /no span of tender-api/,
    break: (ctx) => omit(ctx, 'export'),
  },
  {
    id: 'telemetry/correlation/id-stripped',
    check: 'telemetry/correlation',
    verdict: 'fail',
    size: 'any',
    title: 'the lines of tender-api carry no trace id',
    expectSeen: /trace ids in the lines of tender-api.*carry none/,
    settings: { settings: { canary: FEW } },
    break: (ctx) => omit(ctx, 'log-trace-id'),
  },
];

/** Nobody finds the pods of the backend any more: their target is gone, not down. */
async function removeTarget(ctx: ControlContext): Promise<void> {
  await disconnect(ctx, 'tender', 'tender-api-pods');
  await passed(ctx, 'Prometheus to have no such target', UNSCRAPED_MS);
}

const metricControls: readonly Control[] = [
  { name: 'targets', expectSeen: /job tender-api.*no target/ },
  { name: 'series', expectSeen: /series .*job="tender-api".*none now/ },
  { name: 'freshness', expectSeen: /series .*job="tender-api".*ago/ },
].map(({ name, expectSeen }): Control => ({
  id: `telemetry/metrics/${name}/target-removed`,
  check: `telemetry/metrics/${name}`,
  verdict: 'fail',
  size: 'any',
  title: 'the target of tender-api is removed from Prometheus',
  expectSeen,
  break: removeTarget,
}));

/** A group of this name is no objective's. */
async function unloadRule(ctx: ControlContext): Promise<void> {
  const name = 'plumbline-api-requests';
  await reconfigure(ctx, name, (text) => text.replaceAll(name, 'unloaded-api-requests'));
}

/** Of its name no alert ever fires: the breach has one that nobody waits for. */
async function unloadCanaryRule(ctx: ControlContext): Promise<void> {
  const name = 'PlumblineCanaryBreach';
  await reconfigure(ctx, name, (text) => text.replaceAll(name, 'UnloadedCanaryBreach'));
}

const alertControls: readonly Control[] = [
  {
    id: 'telemetry/alerts/rules/unloaded',
    check: 'telemetry/alerts/rules',
    verdict: 'fail',
    size: 'any',
    title: 'the rules of one objective are not loaded',
    expectSeen: /objective api-requests.*no alerting rule/,
    break: unloadRule,
  },
  {
    id: 'telemetry/alerts/fires/unloaded',
    check: 'telemetry/alerts/fires',
    verdict: 'fail',
    size: 'any',
    title: "the rule of the canary's breach is not loaded",
    expectSeen: /the alert of the breach: .*none after/,
    break: unloadCanaryRule,
  },
  {
    id: 'telemetry/alerts/fires/unreachable',
    check: 'telemetry/alerts/fires',
    verdict: 'inconclusive',
    size: 'any',
    title: 'the Service of Alertmanager leads nowhere',
    expectSeen: /Alertmanager unavailable/,
    break: (ctx) => disconnectObservability(ctx, 'alertmanager'),
  },
];

export const telemetryControls: readonly Control[] = [
  ...metricControls,
  ...alertControls,
  ...logControls,
  ...traceControls,
  ...dashboardControls,
];
