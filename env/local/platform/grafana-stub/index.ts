/** The stand-in for Grafana: one pod that shows the platform's dashboards and asks Prometheus for what is in them. */
import type { RenderContext } from '../manifests.ts';
import { render } from '../manifests.ts';
import type { KubeObject } from '../objects.ts';
import type { Secrets } from '../secrets.ts';
import { DASHBOARDS } from './dashboards.ts';

/** Every object of it, with the dashboards as files. */
export function grafanaStubObjects(context: RenderContext, secrets: Secrets): KubeObject[] {
  const files = Object.entries(DASHBOARDS).map(([name, model]) => [name, JSON.stringify(model, null, 2)]);
  const values = Object.fromEntries(files) as Record<string, string>;
  return render(context, secrets, { folder: 'grafana-stub', values });
}
