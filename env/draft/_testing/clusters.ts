/** Made-up clusters: those of the accepted drafts, and a large one. */
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import type { Stood } from './api-server.ts';
import { made, namespace, node, service, workload } from './objects.ts';

export const ACCEPTED_FOLDER = path.join(import.meta.dirname, '..', 'accepted');
export const ACCEPTED = globSync('*', { cwd: ACCEPTED_FOLDER }).toSorted();

/** @param file `tomorrow.yaml`: the same cluster later */
export function clusterNamed(name: string, file = 'objects.yaml'): Stood[] {
  const entries = parse(readFileSync(path.join(ACCEPTED_FOLDER, name, file), 'utf8')) as Parameters<
    typeof made
  >[0][];
  return entries.flatMap(made);
}

/** 1,000 nodes and 10,000 pods of 500 Deployments. */
export function large(): Stood[] {
  const names = Array.from({ length: 500 }, (_, at) => `service-${at}`);
  return [
    ...['kube-system', 'shop'].map(namespace),
    ...Array.from({ length: 1000 }, (_, at) =>
      node(`node-${at}`, { 'karpenter.sh/nodepool': at % 3 === 0 ? 'spot' : 'general' }),
    ),
    ...names.flatMap((name) => [
      ...workload({
        kind: 'Deployment',
        at: `shop/${name}`,
        image: `registry.example.com/shop/${name}:1`,
        replicas: 20,
        ports: { http: 8080 },
      }),
      service({ at: `shop/${name}`, ports: { http: 80 } }),
    ]),
  ];
}
