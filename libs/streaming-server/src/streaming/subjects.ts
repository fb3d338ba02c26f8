/** The subjects on which the server of one cluster listens. */
export interface ClusterSubjects {
  readonly connect: string;
  readonly publishPrefix: string;
  readonly subscribe: string;
  readonly unsubscribe: string;
  readonly closeSubscription: string;
  readonly close: string;
  readonly ping: string;
}

export function clusterSubjects(clusterId: string): ClusterSubjects {
  return {
    connect: `_STAN.discover.${clusterId}`,
    publishPrefix: `_STAN.pub.${clusterId}`,
    subscribe: `_STAN.sub.${clusterId}`,
    unsubscribe: `_STAN.unsub.${clusterId}`,
    closeSubscription: `_STAN.subclose.${clusterId}`,
    close: `_STAN.close.${clusterId}`,
    ping: `_STAN.discover.${clusterId}.pings`,
  };
}
