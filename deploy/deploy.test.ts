import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { parseAllDocuments } from 'yaml';

interface Rule {
  apiGroups?: string[];
  resources?: string[];
  verbs: string[];
}
interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string };
  rules?: Rule[];
  roleRef?: { kind: string; name: string };
  subjects?: { kind: string; name: string; namespace: string }[];
}

async function manifests(file: string): Promise<Manifest[]> {
  const documents = parseAllDocuments(await readFile(path.join(import.meta.dirname, file), 'utf8'));
  assert.ok(Array.isArray(documents), `${file} is empty`);
  return documents.map((document) => {
    assert.deepEqual(document.errors, [], file);
    return document.toJS() as Manifest;
  });
}

function writesOf(rule: Rule): string[] {
  return rule.verbs.filter((verb) => !['get', 'list', 'watch'].includes(verb));
}

function allowedWrites(role: string, rule: Rule): string[] {
  return role === 'plumbline-drill' && rule.resources?.join() === 'pods' ? ['delete'] : [];
}

const rbac = await manifests('rbac.yaml');

test('should give no rights by wildcard, none to write outside its own namespaces but deleting pods in a drill', () => {
  for (const { metadata, rules = [] } of rbac) {
    const own = metadata.namespace?.startsWith('plumbline-') === true;
    for (const rule of rules) {
      assert.ok(
        ![...(rule.resources ?? []), ...(rule.apiGroups ?? []), ...rule.verbs].includes('*'),
        metadata.name,
      );
      if (!own) assert.deepEqual(writesOf(rule), allowedWrites(metadata.name, rule), metadata.name);
    }
  }
});

test('should let no role read all Secrets', () => {
  const secrets = rbac.flatMap(({ rules = [] }) =>
    rules.filter((rule) => rule.resources?.includes('secrets') === true),
  );
  assert.deepEqual(
    secrets.map((rule) => Object.keys(rule).includes('resourceNames')),
    [true],
  );
});

test('should bind what exists to accounts that exist', () => {
  const name = ({ kind, metadata }: Manifest): string =>
    `${kind} ${metadata.namespace ?? ''}/${metadata.name}`;
  const known = new Set(rbac.map(name));
  for (const { roleRef, subjects = [], metadata } of rbac) {
    if (roleRef === undefined) continue;
    const scope = roleRef.kind === 'Role' ? (metadata.namespace ?? '') : '';
    assert.ok(known.has(`${roleRef.kind} ${scope}/${roleRef.name}`), metadata.name);
    for (const subject of subjects)
      assert.ok(known.has(`${subject.kind} ${subject.namespace}/${subject.name}`), subject.name);
  }
});

test('should run one nightly at a time and never repeat it', async () => {
  const [cronJob] = (await manifests('cronjob.yaml')) as unknown as [
    {
      spec: {
        concurrencyPolicy: string;
        jobTemplate: { spec: { backoffLimit: number; activeDeadlineSeconds: number } };
      };
    },
  ];
  assert.equal(cronJob.spec.concurrencyPolicy, 'Forbid');
  assert.equal(cronJob.spec.jobTemplate.spec.backoffLimit, 0);
  assert.ok(cronJob.spec.jobTemplate.spec.activeDeadlineSeconds > 0);
});
