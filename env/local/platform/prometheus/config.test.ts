import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from 'yaml';
import { prometheusConfig } from './config.ts';
import { rulesOf } from './objectives.ts';

const groupsIn = (text: string): { name: string }[] => (parse(text) as { groups: { name: string }[] }).groups;

test('should have a group for every objective of the environment, and the canary’s', () => {
  const names = groupsIn(rulesOf('local')).map(({ name }) => name);
  assert.deepEqual(names, [
    'plumbline-api-requests',
    'plumbline-edge-requests',
    'plumbline-api-latency',
    'plumbline-canary',
  ]);
});

test('should scrape what was provisioned, and hold rules only where alerts go somewhere', () => {
  const config = (words: string[]): { rule_files?: string[]; scrape_configs: { job_name: string }[] } =>
    parse(prometheusConfig({ with: words })) as ReturnType<typeof config>;
  const jobs = (words: string[]): string[] => config(words).scrape_configs.map(({ job_name }) => job_name);
  assert.deepEqual(jobs(['postgres']), ['prometheus', 'tender-api', 'gateway']);
  assert.ok(jobs(['postgres', 'ai']).includes('tender-ai'));
  assert.ok(jobs(['postgres', 'gpu']).includes('device-plugin'));
  assert.ok(jobs(['postgres', 'telemetry']).includes('plumbline-canary'));
  assert.equal(config(['postgres']).rule_files, undefined);
  assert.deepEqual(config(['postgres', 'telemetry']).rule_files, ['rules.yml']);
});
