import { z } from 'zod';
import { POD_FAULTS } from '../../faults/index.ts';
import { hostPort, isSafe, kubeName, objectName, plainUrl, secretSource, trust } from '../declaring.ts';
import { logFields } from '../logs/fields.ts';
import { LOG_KINDS } from '../logs/kinds.ts';
import { TRACE_KINDS } from '../traces/kinds.ts';
import { kindNames } from './kinds.ts';
import { reached } from './reached.ts';

const logs = z.strictObject({
  kind: kindNames(LOG_KINDS),
  ...reached,
  index: z.string().min(1).default('logs-*').describe('The pattern of its indices'),
  fields: logFields,
  shipper: z
    .strictObject({ daemonSet: objectName })
    .optional()
    .describe(
      'The log shipper, which brings lines from the nodes to the store; findings name it where lines of a node are lost',
    ),
});

const through = z.enum(['http', 'amqp', 'grpc']);

const hop = z.strictObject({
  service: z.string().min(1).describe('service.name of its spans'),
  workload: kubeName
    .optional()
    .describe('Name of its workload, one of topology.workloads; when left out, that of the service'),
  loggedAs: z
    .string()
    .min(1)
    .optional()
    .describe(
      'What its log lines call it, in telemetry.logs.fields.service; when left out, as the service is called',
    ),
  parent: z.string().min(1).optional().describe('The service of the path that calls it; the first has none'),
  through: through.default('http').describe('Protocol that carries the trace context to the service'),
  requires: z
    .string()
    .min(1)
    .optional()
    .describe('Expected only where this component (a word of --with) is provisioned'),
  spans: z
    .array(
      z.strictObject({
        name: z.string().min(1).describe('Name of a span of the service, such as that of a call to a store'),
        requires: z
          .string()
          .min(1)
          .optional()
          .describe('Expected only where this component (a word of --with) is provisioned'),
      }),
    )
    .default([])
    .describe('Spans that it makes for every request'),
  logs: z
    .boolean()
    .default(true)
    .describe('Whether it logs at least one line with the correlation id, or the trace id, of a request'),
});

const traces = z.strictObject({
  kind: kindNames(TRACE_KINDS),
  ...reached,
  path: z.array(hop).min(1).describe('Services that one request passes, each after the one that calls it'),
  correlationTag: z
    .string()
    .min(1)
    .default('plumbline.mark')
    .describe('Attribute with the correlation id, on spans that receive a request'),
});

const alerts = z.strictObject({
  kind: z.enum(['alertmanager']),
  ...reached,
  ruleGroups: z
    .strictObject({ prefix: z.string().default('plumbline-') })
    .prefault({})
    .describe('Each objective has a group of rules: this prefix and its name'),
  canary: z
    .strictObject({
      alert: z.string().min(1).default('PlumblineCanaryBreach'),
      metric: z
        .string()
        .regex(/^[a-zA-Z_:][a-zA-Z0-9_:]*$/, 'the name of a metric')
        .default('plumbline_canary_breach')
        .describe('Metric of the breach: the rule fires where it is 1, and keeps its labels'),
      service: kubeName
        .default('plumbline-canary-pods')
        .describe('Headless Service in the namespace of canaries that Prometheus scrapes'),
      port: z.int().min(1).max(65535).default(8080),
    })
    .prefault({})
    .describe(
      'The synthetic breach: a pod that answers /metrics. Prometheus 3 needs fallback_scrape_protocol there',
    ),
});

const dashboards = z.strictObject({
  kind: z.enum(['grafana']),
  ...reached,
  declared: z
    .array(z.strictObject({ uid: z.string().min(1), title: z.string().min(1) }))
    .default([])
    .describe('Dashboards that must render'),
  kibana: z.strictObject(reached).optional().describe('Kibana, whose status is queried'),
  stubbed: z.boolean().default(false).describe('Grafana is a stand-in; the report says so'),
});

const otlp = z
  .strictObject({
    url: plainUrl.describe('Base of an OTLP/HTTP receiver, without /v1/traces'),
    address: hostPort.optional().describe('Connect here instead of resolving the name in the URL'),
    trust: trust.optional(),
    token: secretSource.optional().describe('A bearer token'),
  })
  .describe("Where Plumbline's own traces are sent; when left out, they are not sent");

const pushgateway = z
  .strictObject({
    url: plainUrl.describe('Base of a Prometheus Pushgateway, without /metrics'),
    address: hostPort.optional().describe('Connect here instead of resolving the name in the URL'),
    trust: trust.optional(),
    user: z.string().min(1).optional(),
    password: secretSource.optional(),
  })
  .describe("Where Plumbline's own metrics are pushed; when left out, they are only in metrics.prom");

const canary = z
  .strictObject({
    requests: z
      .int()
      .min(1)
      .max(100_000)
      .default(1000)
      .describe('Canary requests of telemetry/traces/complete'),
    perSecond: z.number().min(1).max(200).default(20).describe('Canary requests a second, through the edge'),
    few: z
      .int()
      .min(1)
      .max(1000)
      .default(40)
      .describe('Canary requests of telemetry/traces/canary and telemetry/correlation'),
    lines: z
      .int()
      .min(10)
      .max(5000)
      .default(200)
      .describe(
        'Numbered log lines from a pod on every node, or on a sample of 200 at most with one of each pool; of fewer only where their lines, those of one node twice, and those of requests would be more than 100,000',
      ),
    linesPerSecond: z.int().min(1).max(10).default(10).describe('Numbered lines a second, of each pod'),
    underFaultSeconds: z
      .int()
      .min(30)
      .max(1800)
      .default(75)
      .describe(
        'How long requests and lines are sent in telemetry/…/under-fault; the fault comes after drills.steadySeconds, or half of this time where that is less. Each node writes linesPerSecond times as many lines, which may make the sample of nodes smaller (see lines)',
      ),
    request: z
      .enum(['create', 'look', 'list'])
      .default('create')
      .describe('Which of application.requests a canary request is'),
    fault: z
      .enum(POD_FAULTS)
      .default('pod-crash')
      .describe(
        "Fault of PostgreSQL's leader in telemetry/…/under-fault; node-loss also takes the log shipper of its node",
      ),
    lookBackSeconds: z
      .int()
      .min(60)
      .max(86_400)
      .default(1800)
      .describe('How old the lines of workloads may be that telemetry/logs/every-workload looks for'),
  })
  .prefault({})
  .describe('What the canary sends and writes');

const required = z
  .strictObject({
    targets: z
      .array(z.string().min(1))
      .default([])
      .describe('Jobs that Prometheus must scrape, all targets up'),
    series: z
      .array(z.string().min(1))
      .default([])
      .describe('Selectors that must find something, such as up{job="api"}'),
    leastTargets: z
      .record(z.string(), z.int().min(1))
      .optional()
      .describe(
        'How many targets jobs have at the least, by name, where they are not as many as the declared workload of that name has replicas: 1 of a job that is scraped through a Service, or a share of them where several Prometheus share the targets',
      ),
  })
  .prefault({})
  .describe('What the Prometheus of the environment must contain');

function sendsSecret(one: { password?: unknown; token?: unknown }): boolean {
  return (one.password ?? one.token) !== undefined;
}

/** Where the platform's logs, traces, alerts and dashboards are, and what a canary request leaves in them. */
export const telemetry = z
  .strictObject({
    logs: logs.optional(),
    traces: traces.optional(),
    alerts: alerts.optional(),
    dashboards: dashboards.optional(),
    otlp: otlp.optional(),
    pushgateway: pushgateway.optional(),
    canary,
    required,
  })
  .superRefine((given, context) => {
    const { canary: _canary, required: _required, ...declared } = given;
    for (const [name, one] of Object.entries({ ...declared, kibana: declared.dashboards?.kibana })) {
      if (one === undefined || !sendsSecret(one) || isSafe(one.url)) continue;
      context.addIssue({
        code: 'custom',
        path: [...(name === 'kibana' ? ['dashboards', name] : [name]), 'url'],
        message: 'https, where a password or a token is sent',
      });
    }
    const services = (given.traces?.path ?? []).map(({ service }) => service);
    given.traces?.path.forEach(({ parent }, index) => {
      if (parent === undefined || services.slice(0, index).includes(parent)) return;
      context.addIssue({
        code: 'custom',
        path: ['traces', 'path', index, 'parent'],
        message: 'a service earlier in the path',
      });
    });
  })
  .describe('Logs, traces, alerts and dashboards of the platform');

export type Telemetry = z.infer<typeof telemetry>;
export type LogSettings = z.infer<typeof logs>;
export type TraceSettings = z.infer<typeof traces>;
export type TraceHop = z.infer<typeof hop>;
export type AlertSettings = z.infer<typeof alerts>;
export type DashboardSettings = z.infer<typeof dashboards>;
export type TelemetryCanary = z.infer<typeof canary>;
export type OtlpSettings = z.infer<typeof otlp>;
export type PushgatewaySettings = z.infer<typeof pushgateway>;
