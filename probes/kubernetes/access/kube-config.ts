import { Agent } from 'node:http';
import type { OutgoingHttpHeaders } from 'node:http';
import type { RequestOptions } from 'node:https';
import { KubeConfig } from '@kubernetes/client-node';
import { isRecord } from '../../../reports/record/is-record.ts';

/**
 * The library's kubeconfig, mended in three things (client-node 2.0.1), for calls, watches and connections into pods alike. It keeps one agent for
 * each account, which holds the certificates of the first call; Node prefers what an agent holds to what a request has, so that a certificate
 * which is renewed would never be used. Of impersonation it sends the user alone. And it trusts only root certificates, where kubectl trusts every
 * certificate that the kubeconfig names: kubeadm and Rancher may name an intermediate one alone.
 */
export class AccountConfig extends KubeConfig {
  /** Headers of every request. */
  impersonation: OutgoingHttpHeaders = {};

  override async applyToHTTPSOptions(options: RequestOptions): Promise<void> {
    await super.applyToHTTPSOptions(options);
    leaveToRequests(options.agent);
    if (options.ca !== undefined) options.allowPartialTrustChain = true;
    options.headers = { ...(options.headers as OutgoingHttpHeaders | undefined), ...this.impersonation };
  }
}

/** Takes the certificates out of an agent: each request has its own, and connections are told apart by them. */
function leaveToRequests(agent: RequestOptions['agent']): void {
  if (!(agent instanceof Agent) || !('options' in agent) || !isRecord(agent.options)) return;
  for (const key of ['ca', 'cert', 'key']) Reflect.deleteProperty(agent.options, key);
}
