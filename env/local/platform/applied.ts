/** Reads from the objects of a platform what the waits need of them, so that it is written in their manifests alone. */
import type { KubeObject } from './objects.ts';

/** The `spec` of an object. @throws Error when there is no such object */
export function specOf(objects: readonly KubeObject[], kind: string, name: string): unknown {
  const found = objects.find((one) => one.kind === kind && one.metadata.name === name);
  if (found === undefined) throw new Error(`the platform has no ${kind} called "${name}"`);
  return found['spec'];
}

/** How many pods a workload has, or begins with where an autoscaler changes it. @throws Error when its manifest does not say */
export function replicasOf(objects: readonly KubeObject[], kind: string, name: string): number {
  const { replicas } = specOf(objects, kind, name) as { replicas?: unknown };
  if (typeof replicas !== 'number')
    throw new Error(`the ${kind} ${name} of the platform does not state \`replicas\``);
  return replicas;
}

/** The URL of a Service with an address, reached through its port of that name. @throws Error when it has none of that name */
export function urlOf(objects: readonly KubeObject[], service: string, portName: string): string {
  const { clusterIP, ports } = specOf(objects, 'Service', service) as {
    clusterIP: string;
    ports: { name: string; port: number }[];
  };
  const found = ports.find(({ name }) => name === portName);
  if (found === undefined) throw new Error(`the Service ${service} has no port called "${portName}"`);
  return `http://${clusterIP}:${String(found.port)}`;
}
