/** Roles of a cluster of Neo4j Enterprise: from answers that follow its documentation to the verdict. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as shown from '../../../../probes/neo4j/_testing/clusters.ts';
import { clusterConditions } from '../../../../probes/neo4j/cluster.ts';
import { leaderOf, membersOf } from '../../../../probes/neo4j/members.ts';
import type { ClusterView } from '../../../../probes/neo4j/members.ts';
import { editionOf } from '../../../../probes/neo4j/state.ts';
import type { Judgement } from '../../../../reports/record/judgement.ts';
import { judge } from '../../../_testing/histories.ts';
import type { Seen } from '../../../_testing/histories.ts';

/** @param further servers without a copy, beside the three with one */
function judged(view: ClusterView, further = 0): Judgement {
  const count = 3 + further;
  const pods = shown.membersOfChart(count);
  const connection = {
    ...shown.CONNECTION,
    declared: { ...shown.CONNECTION.declared, members: count },
  };
  const members = membersOf(view, pods);
  const conditions = [editionOf(view, connection.declared), ...clusterConditions(view, connection)];
  const store = 'neo4j';
  const leader = leaderOf(view, pods);
  const sets = pods.map(({ name }) => ({ name: name.replace(/-0$/, ''), members: 1 }));
  const enterprise = { primaries: 3, secondaries: 0 };
  return judge({
    check: 'topology/workloads/roles',
    settings: {
      stores: {
        neo4j: {
          members: count,
          manager: 'enterprise',
          enterprise,
          statefulSets: { namespace: 'graphs', sets },
        },
      },
    },
    seen: [
      ['described', { store, leader }],
      ...members.map((member): Seen => ['member', { store, ...member }]),
      ...conditions.map((condition): Seen => ['condition', { store, ...condition }]),
    ],
  });
}

describe('roles of a cluster of Neo4j', () => {
  it('should pass where every server is in, with and without servers that hold no copy', () => {
    assert.equal(judged(shown.chartView()).verdict, 'pass');
    assert.equal(judged(shown.chartView({}, 2), 2).verdict, 'pass');
  });

  it('should fail where a server is gone, a copy is missing, or the server is Community', () => {
    const lost = judged(shown.ONE_LOST);
    assert.equal(lost.verdict, 'fail');
    assert.match(lost.reason, /server-2-0, .*; the first: expected a member that follows .*Unavailable/);
    const missing = judged(shown.chartView({ databases: [shown.copyOn(1), shown.copyOn(2)] }));
    assert.equal(missing.verdict, 'fail');
    assert.match(missing.reason, /copies of the database of neo4j/);
    const community = judged(shown.COMMUNITY);
    assert.equal(community.verdict, 'fail');
    assert.match(
      JSON.stringify(community),
      /edition of neo4j.*expected.*enterprise.*clustering needs Enterprise/,
    );
  });

  it('should be inconclusive where the account may not see the servers, or which pod leads cannot be told', () => {
    const unseen = judged(shown.NO_SERVERS);
    assert.equal(unseen.verdict, 'inconclusive');
    assert.match(unseen.reason, /SHOW SERVERS is not granted to plumbline/);
    const address = 'graph-2.example.com:7687';
    const outside = shown.chartView({
      databases: [shown.copyOn(1), shown.copyOn(2, { address }), shown.copyOn(3)],
    });
    const strange = judged(outside);
    assert.equal(strange.verdict, 'inconclusive');
    assert.match(strange.reason, /pods of its StatefulSets, seen graph-2\.example\.com/);
  });
});
