import { z } from 'zod';
import { endpoint, kubeName, objectName, port, secretSource } from './common.ts';

export const STORES = ['postgres', 'redis', 'rabbitmq', 'elasticsearch', 'neo4j'] as const;
export const FAULTS = ['pod-crash', 'pod-delete', 'hang', 'node-loss', 'partition', 'switchover'] as const;
export type StoreName = (typeof STORES)[number];
export type FaultName = (typeof FAULTS)[number];

/** The goal of one store under one fault. */
const failoverGoal = z.strictObject({
  rtoSeconds: z.number().positive().optional().describe('Longest time until writes succeed again, seconds'),
  lostWrites: z.int().min(0).optional().describe('Acknowledged writes that may be lost'),
  minTrials: z.int().min(1).optional().describe('Fewer trials than this are inconclusive'),
  status: z
    .enum(['assumed', 'confirmed'])
    .default('assumed')
    .describe('confirmed: an owner has agreed to it'),
});

const workload = z
  .strictObject({
    writesPerSecond: z.number().min(200).max(5000).default(200),
    readsPerSecond: z.number().min(1).max(5000).default(20),
  })
  .default({ writesPerSecond: 200, readsPerSecond: 20 })
  .describe('Open-loop load during a drill; below 200 writes a second an RTO cannot be told to 20 ms');

const common = {
  statefulSet: objectName,
  container: kubeName.describe('The container that holds the server'),
  members: z.int().min(1),
  user: z.string().min(1).optional(),
  password: secretSource.optional(),
  workload,
  durability: z
    .record(z.string(), z.string())
    .default({})
    .describe('Settings on which durability rests, as the store itself reports them'),
  goals: z.partialRecord(z.enum(FAULTS), failoverGoal).default({}),
};

export const postgres = z.strictObject({
  ...common,
  primary: endpoint.describe('The address that applications write through'),
  replica: endpoint.optional().describe('The address that applications read through'),
  database: z.string().min(1),
  user: z.string().min(1),
  password: secretSource,
  services: z
    .strictObject({ primary: kubeName, replica: kubeName.optional() })
    .describe('Services in the namespace of the StatefulSet whose endpoints follow the roles'),
  patroni: z
    .strictObject({ port, scope: z.string().min(1) })
    .optional()
    .describe('REST port of Patroni in each pod, and the name of its cluster'),
});

/** Redis, RabbitMQ, Elasticsearch and Neo4j: declared so that their rows are known; their probes read more later. */
const other = z.strictObject({ ...common, primary: endpoint });

export const stores = z.strictObject({
  postgres: postgres.optional(),
  redis: other.optional(),
  rabbitmq: other.optional(),
  elasticsearch: other.optional(),
  neo4j: other.optional(),
});

export type PostgresStore = z.infer<typeof postgres>;
export type Stores = z.infer<typeof stores>;
export type FailoverGoal = z.infer<typeof failoverGoal>;
