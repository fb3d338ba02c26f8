import type { Connection } from '../core/connection.js';
import { CONTROL_LINE_MAX_BYTES, PENDING_MAX_BYTES } from '../limits.js';
import { SERVER_VERSION } from '../version.js';
import type { Monitored, Page } from './monitored.js';
import { slice } from './streaming-pages.js';
import { formatUptime } from './uptime.js';

/** `/varz` in brief: the fields that dashboards read. */
export const variablesPage: Page = (server) => {
  const { core } = server;
  const { connections } = core;
  return {
    server_id: server.id,
    server_name: server.id,
    version: SERVER_VERSION,
    proto: 1,
    host: server.host,
    port: server.port,
    max_control_line: CONTROL_LINE_MAX_BYTES,
    max_payload: core.payloadMaxBytes,
    max_pending: PENDING_MAX_BYTES,
    start: server.startedAt,
    now: new Date(),
    uptime: formatUptime(server.startedAt),
    mem: process.memoryUsage.rss(),
    connections: connections.size,
    total_connections: core.connectionsTotal,
    in_msgs: sum(server, (connection) => connection.traffic.messagesIn),
    out_msgs: sum(server, (connection) => connection.traffic.messagesOut),
    in_bytes: sum(server, (connection) => connection.traffic.bytesIn),
    out_bytes: sum(server, (connection) => connection.traffic.bytesOut),
    slow_consumers: core.slowConsumersTotal,
    subscriptions: core.router.subscriptionCount,
  };
};

/** `/connz` in brief. */
export const connectionsPage: Page = (server, query) => {
  const { part, count, ...range } = slice([...server.core.connections.values()], query);
  return {
    server_id: server.id,
    now: new Date(),
    num_connections: count,
    ...range,
    connections: part.map(describeConnection),
  };
};

function describeConnection(connection: Connection): object {
  const { traffic, connectOptions = {} } = connection;
  const { name, lang, version } = connectOptions;
  return {
    cid: connection.id,
    kind: 'Client',
    type: 'nats',
    ip: connection.remoteAddress,
    pending_bytes: connection.pendingBytes,
    in_msgs: traffic.messagesIn,
    out_msgs: traffic.messagesOut,
    in_bytes: traffic.bytesIn,
    out_bytes: traffic.bytesOut,
    subscriptions: connection.interests.size,
    ...(name === undefined ? {} : { name }),
    ...(lang === undefined ? {} : { lang }),
    ...(version === undefined ? {} : { version }),
  };
}

function sum(server: Monitored, of: (connection: Connection) => number): number {
  let total = 0;
  for (const connection of server.core.connections.values()) total += of(connection);
  return total;
}
