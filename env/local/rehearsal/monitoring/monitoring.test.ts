import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from 'yaml';
import { loadEnvironment } from '../../../loader.ts';
import { contextWith, fileOf, imageSet, named } from '../../platform/_testing/platform.ts';
import { platformObjects } from '../../platform/index.ts';
import type { KubeObject } from '../../platform/objects.ts';
import { assertIsRestricted } from '../_testing/stores.ts';

const WORDS = ['postgres', 'telemetry'];
const objectsWith = (words: string[]) =>
  platformObjects(contextWith(words, 'rehearsal', imageSet('rehearsal', words)));
const OBJECTS = objectsWith(WORDS);

const addressOf = (objects: readonly KubeObject[], name: string): string => {
  const { clusterIP, ports } = named(objects, 'Service', name)?.['spec'] as {
    clusterIP: string;
    ports: [{ port: number }];
  };
  return `http://${clusterIP}:${ports[0].port}`;
};

test('should run a Prometheus always and a Zipkin with telemetry, as a restricted namespace wants them', () => {
  const { archive: _archive, ...own } = assertIsRestricted(OBJECTS, 'watch');
  assert.deepEqual(own, { metrics: ['server'], spans: ['zipkin'] });
  assert.deepEqual(assertIsRestricted(objectsWith(['redis']), 'watch'), { metrics: ['server'] });
});

test('should be declared where they are, with the jobs that are scraped', async () => {
  const { prometheus, telemetry } = await loadEnvironment('rehearsal', { with: WORDS });
  assert.equal(prometheus?.url, addressOf(OBJECTS, 'metrics'));
  assert.equal(telemetry?.traces?.url, addressOf(OBJECTS, 'spans'));
  const config = parse(fileOf(OBJECTS, 'metrics-setup', 'prometheus.yml')) as {
    global: { scrape_interval: string };
    scrape_configs: { job_name: string }[];
  };
  const ofParts = ['cards']; // required of no run, since their part can be left out
  assert.deepEqual(
    config.scrape_configs.map((one) => one.job_name).filter((name) => !ofParts.includes(name)),
    telemetry.required.targets,
  );
  assert.equal(config.global.scrape_interval, `${prometheus.scrapeSeconds}s`);
});

test('should have the rules of its objectives, of the series that Micrometer names', () => {
  const rules = fileOf(OBJECTS, 'metrics-setup', 'objectives.yml');
  assert.match(rules, /http_server_requests_seconds_count\{job="bids\/desk"/);
  assert.match(rules, /http_server_requests_seconds_bucket\{/);
});

test('should let Prometheus in and spans out, and send spans only where somebody takes them', () => {
  const zipkin = (objects: readonly KubeObject[]): unknown => {
    const [, value] = /"name":"ZIPKIN_URL","value":"([^"]*)"/.exec(JSON.stringify(objects)) ?? [];
    return value;
  };
  assert.equal(zipkin(OBJECTS), 'http://spans.watch.svc.cluster.local:9411');
  assert.equal(zipkin(objectsWith(['postgres'])), '');
  const policies = OBJECTS.filter(({ kind }) => kind === 'NetworkPolicy').map(({ spec }) =>
    JSON.stringify(spec),
  );
  const desk = policies.find((one) => one.includes('"app":"bid-desk"}}') && one.includes('pg-pooler')) ?? '';
  assert.match(desk, /"app":"metrics"\}\}\}\],"ports":\[\{"port":8081\}\]/);
  assert.match(desk, /"app":"spans"\}\}\}\],"ports":\[\{"port":9411\}\]/);
});
