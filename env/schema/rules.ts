import { z } from 'zod';
import { objectName, scenarioName } from '../../probes/declaring.ts';
import { FAULTS, STORES } from '../../probes/declared-stores.ts';
import { TIMEOUT_NAMES } from './timeouts.ts';

const globs = z
  .array(z.string().min(1))
  .min(1)
  .describe('Globs of check ids: * within a segment, ** across, {a,b}');

/** Goals of checks that differ from the catalogue's. */
export const goals = z.record(
  z.string().min(1),
  z.strictObject({
    status: z.enum(['assumed', 'confirmed']).describe('confirmed: an owner has agreed to it'),
    by: z.string().optional().describe('Who confirmed it'),
    values: z.record(z.string(), z.union([z.number(), z.string(), z.boolean()])),
  }),
);

export const timeouts = z.partialRecord(
  z.enum(TIMEOUT_NAMES),
  z.strictObject({
    seconds: z.number().positive(),
    reason: z.string().min(1).describe('Why this long'),
  }),
);

const INSTANT = 'a date and time with seconds and zone, such as 2026-11-30T20:00:00Z';
const instant = z.iso.datetime({ offset: true, error: INSTANT }).optional();

const permit = z
  .strictObject({
    checks: globs,
    faults: z.array(z.enum(FAULTS)).default([]).describe('Faults that may be injected; none when left out'),
    from: instant,
    until: instant,
    ticket: z.string().min(1).optional(),
  })
  .refine(
    // What is no date compares as false here and is refused by itself.
    ({ from = '', until = '' }) => !(Date.parse(from) >= Date.parse(until)),
    { path: ['until'], error: 'must be later than `from`: the permit never holds' },
  );

export const permits = z
  .array(permit)
  .default([])
  .describe(
    'Which checks may write or disturb here. Checks that only read need no permit; a check that needs one and has none is not-run',
  );

const profile = z.strictObject({
  checks: globs,
  required: z
    .array(z.string().min(1))
    .default([])
    .describe(
      'Globs of checks that must run whatever this file declares and permits, also of such that `checks` does not match. Every check of the profile that the file declares and permits must run anyway, also before and after the time of its permit: then it is not-run and the run inconclusive',
    ),
  optional: z
    .array(z.strictObject({ checks: globs, reason: z.string().min(1).describe('Why they need not run') }))
    .default([])
    .describe('Checks of the profile that need not run although the file declares and permits them'),
  minTrials: z
    .int()
    .min(1)
    .optional()
    .describe('Trials of a failover check in this profile, or more where its goal asks for more'),
  serviceTrials: z
    .int()
    .min(1)
    .optional()
    .describe(
      'Trials of a failover check whose fault hits no store itself (backend, ai, query, control-plane); minTrials when left out',
    ),
});

export const profiles = z.record(z.string().min(1), profile);

const steady = z.strictObject({
  requestsPerSecond: z.int().min(1).max(10_000),
  seconds: z.int().min(10).max(3600),
  scenario: scenarioName
    .optional()
    .describe('One of load.scenarios, which performance/api/… sends in place of reads of the list'),
});

/** The load engine, and the load where no goal sets it. */
export const load = z.strictObject({
  engine: z
    .enum(['auto', 'k6', 'embedded'])
    .default('auto')
    .describe('auto: k6 where it is on PATH, else the embedded engine'),
  scenarios: z
    .record(scenarioName, z.string().min(1))
    .optional()
    .describe(
      'k6 scripts of your own by the names that load.steady.scenario and topology.edge.backend.scaling.scenario use: paths from the folder of this file',
    ),
  startupPods: z
    .int()
    .min(20)
    .default(60)
    .describe('Starts that scaling/pods/startup times: 59 are the fewest that can show a p95, 299 a p99'),
  steady: steady
    .default({ requestsPerSecond: 50, seconds: 70 })
    .describe('The load of performance/…: 2,995 requests are the fewest that can show 99.9 %'),
});

const ERROR_BUDGET = { objective: 0.999, windowDays: 30, maxShare: 0.1, trafficShare: {} };

export const drills = z
  .strictObject({
    steadySeconds: z
      .number()
      .positive()
      .default(10)
      .describe(
        'How long the steady state must hold before a fault, seconds; in telemetry/…/under-fault at most half of telemetry.canary.underFaultSeconds',
      ),
    nodeImage: z
      .string()
      .min(1)
      .optional()
      .describe(
        'Image of the privileged pod through which faults act on a node; it needs a shell and its usual tools (busybox will do), nsenter and nft. Without an image these faults are not-run; the embedded environment needs none',
      ),
    errorBudget: z
      .strictObject({
        objective: z.number().gt(0).lt(1).describe('Share of requests that must succeed, e.g. 0.999'),
        windowDays: z.int().min(1),
        maxShare: z.number().gt(0).max(1).describe('Largest share of the budget that one drill may cost'),
        trafficShare: z
          .partialRecord(z.enum(STORES), z.number().gt(0).max(1))
          .default({})
          .describe('Share of the requests that need a store; 1, that is all of them, when left out'),
        enforced: z
          .boolean()
          .optional()
          .describe(
            'Whether a drill that costs more than the budget allows is refused, and a fault that costs more than estimated, and does not end by itself, is undone early. When left out: true, but false in the embedded environment, which serves nobody',
          ),
      })
      .default(ERROR_BUDGET),
    undoImage: z
      .union([z.string().min(1), z.strictObject({ deployment: objectName })])
      .optional()
      .describe(
        'Image with Node.js 22.18 or newer (`node`) for the Job that undoes changes made through the API server when the harness is gone; {deployment}: the image of the first container of that Deployment, as it runs then',
      ),
  })
  .default({ steadySeconds: 10, errorBudget: ERROR_BUDGET });

export type Permit = z.infer<typeof permit>;
export type Profile = z.infer<typeof profile>;
