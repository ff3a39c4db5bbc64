import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { ImageSet } from '../images/index.ts';
import { addressesOf } from '../nodes/addressing.ts';
import { render, type RenderContext } from './manifests.ts';
import type { KubeObject, Labelling } from './objects.ts';

interface Files {
  readonly files: Readonly<Record<string, string>>;
  readonly words?: readonly string[];
  readonly values?: Readonly<Record<string, string>>;
  readonly labelling?: Labelling;
}

/** What comes of these files in a folder. */
function rendered({ files, words = [], ...component }: Files): KubeObject[] {
  const folder = mkdtempSync(join(tmpdir(), 'plumbline-manifests-'));
  try {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    const context: RenderContext = {
      addresses: addressesOf('local-small'),
      images: { redis: { pinned: 'redis@sha256:1' } } as unknown as ImageSet,
      with: words,
    };
    return render(context, { redis: 'of-redis' }, { folder, ...component });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const config = (data: string, name = 'settings'): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: ${name} }\ndata:\n${data}\n`;
const dataOf = (given: Files): unknown => rendered(given)[0]?.['data'];

test('should fill placeholders, in manifests and in the files that they name, and look at nothing twice', () => {
  const files = {
    'manifests.yaml': config(
      "  a: '{{image redis}} at {{block}}.128.41'\n  b: '{{secret redis}}'\n  c: '{{file a.sh}}'\n  d: '{{ value x }}'",
    ),
    'a.sh': 'set -- {{block}}.128.41 ${PLAIN:-{}}\n',
  };
  assert.deepEqual(dataOf({ files, values: { x: '{{block}}' } }), {
    a: 'redis@sha256:1 at 198.19.128.41',
    b: 'of-redis',
    c: 'set -- 198.19.128.41 ${PLAIN:-{}}\n',
    d: '{{block}}',
  });
});

test('should say where a placeholder is that is unknown, cannot be filled or is not one', () => {
  const refused = (value: string, message: RegExp, more: Readonly<Record<string, string>> = {}): void => {
    const files = { 'manifests.yaml': config(`  a: ${value}`), ...more };
    assert.throws(() => rendered({ files }), message);
  };
  refused(
    "'{{imge redis}}'",
    /manifests\.yaml: \.data\.a no placeholder is called "imge"; there are block, image/,
  );
  refused("'{{image postgres}}'", /manifests\.yaml: \.data\.a image postgres is not in the set/);
  refused("'{{secret nobody}}'", /\.data\.a no password is called "nobody"/);
  refused("'{{value x}}'", /\.data\.a no value is called "x"/);
  refused("'{{file none.sh}}'", /\.data\.a ENOENT/);
  refused("'{{file a.sh}}'", /\.data\.a .*a\.sh: {2}no placeholder is called "imge"/, { 'a.sh': '{{imge}}' });
  refused("'{{image redis'", /\.data\.a has a placeholder that is not written as \{\{WORD NAME\}\}/);
  refused('{{image redis}}', /manifests\.yaml: .*all keys must be strings/);
  refused('!image redis', /manifests\.yaml: Unresolved tag: !image/);
});

test('should change what is there where a part is provisioned, and only there', () => {
  const files = {
    'manifests.yaml': config('  a: one\n  list: [{ name: x, value: 1 }, { name: y, value: 2 }]'),
    'with-ai.yaml':
      'kind: ConfigMap\nmetadata: { name: settings }\ndata: { b: two, list: [{ name: z }, { name: x, value: 3 }] }\n',
  };
  assert.deepEqual(Object.keys(dataOf({ files }) as object), ['a', 'list']);
  assert.deepEqual(dataOf({ files, words: ['ai'] }), {
    a: 'one',
    b: 'two',
    list: [{ name: 'x', value: 3 }, { name: 'y', value: 2 }, { name: 'z' }],
  });
});

test('should label what it makes as its platform does, in selectors too', () => {
  const text =
    "{ apiVersion: v1, kind: Service, metadata: { name: kv }, spec: { selector: { '{{label}}': kv } } }";
  const files = { 'manifests.yaml': text };
  const seen = (given: Files): unknown =>
    rendered(given).map(({ metadata, spec }) => [metadata.labels, spec]);
  assert.deepEqual(seen({ files, labelling: { key: 'app', others: {} } }), [
    [{ app: 'kv' }, { selector: { app: 'kv' } }],
  ]);
  assert.match(JSON.stringify(seen({ files })), /part-of.*"selector":\{"app\.kubernetes\.io\/name":"kv"\}/);
});

test('should refuse a change of what is not there, and an object that is there twice', () => {
  const change = 'kind: ConfigMap\nmetadata: { name: settigns }\ndata: {}\n';
  const files = { 'manifests.yaml': config('  a: one'), 'with-ai.yaml': change };
  assert.throws(
    () => rendered({ files, words: ['ai'] }),
    /with-ai\.yaml: there is no ConfigMap \/settigns to change/,
  );
  const twice = { 'manifests.yaml': `${config('  a: one')}---\n${config('  a: two')}` };
  assert.throws(() => rendered({ files: twice }), /manifests\.yaml: ConfigMap \/settings appears twice/);
});

test('should roll pods out with the digest of a ConfigMap, as it is with all its changes', () => {
  const digestOf = (value: string, name = 'settings'): string | undefined => {
    const pod = `annotations: { digest: '{{digest ${name}}}' }`;
    const workload = `---\napiVersion: apps/v1\nkind: Deployment\nmetadata: { name: app }\nspec: { template: { metadata: { ${pod} }, spec: { containers: [] } } }\n`;
    const files = { 'manifests.yaml': config(`  a: ${value}`) + workload };
    const { template } = rendered({ files })[1]?.['spec'] as { template: KubeObject };
    return template.metadata.annotations?.['digest'];
  };
  assert.match(digestOf('one') ?? '', /^[0-9a-f]{64}$/);
  assert.equal(digestOf('one'), digestOf('one'));
  assert.notEqual(digestOf('one'), digestOf('two'));
  assert.throws(() => digestOf('one', 'none'), /\.annotations\.digest no ConfigMap is called "none"/);
});

test('should give every object its labels, accounts no token, pods no rights, unless a manifest says otherwise', () => {
  const text = `
kind: List
items:
  - &account { apiVersion: v1, kind: ServiceAccount, metadata: { name: app, namespace: tender } }
  - { <<: *account, metadata: { name: other }, automountServiceAccountToken: true }
  - apiVersion: apps/v1
    kind: StatefulSet
    metadata: { name: app, labels: { app.kubernetes.io/name: other } }
    spec:
      template: { spec: { containers: [{ name: a }, { name: b, securityContext: { privileged: true } }] } }
      volumeClaimTemplates: [{ metadata: { name: data } }]
`;
  const [account, other, workload] = rendered({ files: { 'manifests.yaml': text } });
  const labels = (name: string) => ({
    'app.kubernetes.io/name': name,
    'app.kubernetes.io/part-of': 'tender-platform',
    'app.kubernetes.io/managed-by': 'plumbline-env',
  });
  assert.deepEqual(account?.metadata, { name: 'app', namespace: 'tender', labels: labels('app') });
  assert.deepEqual(
    [account['automountServiceAccountToken'], other?.['automountServiceAccountToken']],
    [false, true],
  );
  assert.deepEqual(workload?.metadata.labels, labels('other'));
  const { selector, template, volumeClaimTemplates } = workload['spec'] as {
    selector: unknown;
    template: { metadata: object; spec: { securityContext: object; containers: Record<string, unknown>[] } };
    volumeClaimTemplates: unknown[];
  };
  assert.deepEqual(selector, { matchLabels: { 'app.kubernetes.io/name': 'app' } });
  assert.deepEqual(template.metadata, { labels: labels('app') });
  assert.deepEqual(volumeClaimTemplates, [{ metadata: { name: 'data', labels: labels('app') } }]);
  assert.ok('runAsNonRoot' in template.spec.securityContext);
  const [plain, privileged] = template.spec.containers.map((one) => one['securityContext']);
  assert.deepEqual(privileged, { privileged: true });
  assert.deepEqual((plain as { capabilities: unknown }).capabilities, { drop: ['ALL'] });
});
