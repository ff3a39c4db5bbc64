import { logsIn } from '../../../probes/kubernetes/rights.ts';
import type { Right } from '../../../probes/kubernetes/rights.ts';

/** What the engine does in its namespace; README.md lists it. Asked for before anything is made. */
export const OPERATOR_RIGHTS: readonly Right[] = [
  { verbs: ['get', 'create', 'delete'], group: 'k6.io', resource: 'testruns', where: 'load' },
  { verbs: ['get', 'create', 'delete'], group: '', resource: 'configmaps', where: 'load' },
  { verbs: ['list'], group: '', resource: 'pods', where: 'load' },
  logsIn('load'),
  { verbs: ['get'], group: '', resource: 'pods/proxy', where: 'load' },
];
