import { MONITOR_LIST_MAX } from '../limits.js';
import type { Channel } from '../streaming/channel.js';
import type { Client } from '../streaming/client.js';
import type { Cursor, Member, MemberSettings } from '../streaming/cursor.js';
import { SERVER_VERSION } from '../version.js';
import type { Monitored, Page } from './monitored.js';
import { formatUptime } from './uptime.js';

const NS_PER_MS = 1_000_000;

export const serverPage: Page = (server) => {
  const { streaming } = server;
  const channels = [...streaming.channels.byName.values()];
  return {
    cluster_id: server.clusterId,
    server_id: server.id,
    version: SERVER_VERSION,
    go: `node ${process.version}`,
    state: 'STANDALONE',
    now: new Date(),
    start_time: server.startedAt,
    uptime: formatUptime(server.startedAt),
    clients: streaming.clients.byId.size,
    subscriptions: channels.reduce((sum, channel) => sum + channel.subscriptionCount, 0),
    channels: channels.length,
    ...totals(channels),
    in_msgs: streaming.publishing.messagesIn,
    in_bytes: streaming.publishing.bytesIn,
    out_msgs: streaming.messagesOut,
    out_bytes: streaming.bytesOut,
  };
};

export const storePage: Page = (server) => {
  const { kind, limits } = server.streaming.store;
  return {
    cluster_id: server.clusterId,
    server_id: server.id,
    now: new Date(),
    type: kind,
    limits: {
      max_channels: limits.channelsMax,
      max_msgs: limits.messagesMax,
      max_bytes: limits.bytesMax,
      max_age: limits.ageMaxMs * NS_PER_MS,
      max_subscriptions: limits.subscriptionsMax,
      max_inactivity: 0,
    },
    ...totals([...server.streaming.channels.byName.values()]),
  };
};

export const clientsPage: Page = (server, query) => {
  const { byId } = server.streaming.clients;
  const { subscribing } = server.streaming;
  const single = query.get('client');
  const withSubscriptions = query.get('subs') === '1';
  if (single !== null) {
    const client = byId.get(single);
    return client === undefined
      ? undefined
      : describeClient(client, subscribing.membersOf(client), withSubscriptions);
  }
  const { part, ...range } = slice([...byId.keys()].sort(), query);
  const clients = part.flatMap((id) => byId.get(id) ?? []);
  return {
    ...heading(server),
    ...range,
    clients: clients.map((client) =>
      describeClient(client, subscribing.membersOf(client), withSubscriptions),
    ),
  };
};

export const channelsPage: Page = (server, query) => {
  const { byName } = server.streaming.channels;
  const single = query.get('channel');
  const withSubscriptions = query.get('subs') === '1';
  if (single !== null) {
    const channel = byName.get(single);
    return channel === undefined ? undefined : describeChannel(channel, withSubscriptions);
  }
  const { part, ...range } = slice([...byName.keys()].sort(), query);
  if (!withSubscriptions)
    return { ...heading(server), ...range, ...(part.length > 0 ? { names: part } : {}) };
  const channels = part
    .flatMap((name) => byName.get(name) ?? [])
    .map((channel) => describeChannel(channel, true));
  return { ...heading(server), ...range, ...(channels.length > 0 ? { channels } : {}) };
};

function heading(server: Monitored): object {
  return { cluster_id: server.clusterId, server_id: server.id, now: new Date() };
}

function totals(channels: readonly Channel[]): object {
  return {
    total_msgs: channels.reduce((sum, channel) => sum + channel.log.messageCount, 0),
    total_bytes: channels.reduce((sum, channel) => sum + channel.log.byteCount, 0),
  };
}

/** The part of a list that `offset` and `limit` ask for. */
export function slice<T>(
  all: readonly T[],
  query: URLSearchParams,
): { part: readonly T[]; offset: number; limit: number; count: number; total: number } {
  const offset = Math.max(0, Number(query.get('offset')) || 0);
  const asked = Number(query.get('limit')) || 0;
  const limit = asked > 0 ? asked : MONITOR_LIST_MAX;
  const part = all.slice(offset, offset + limit);
  return { part, offset, limit, count: part.length, total: all.length };
}

function describeClient(client: Client, members: readonly Member[], withSubscriptions: boolean): object {
  const subscriptions: Record<string, object[]> = {};
  for (const member of members) {
    const { cursor, settings, stalled, pending } = member;
    const described = describeSubscription(cursor, client.id, settings, { stalled, pending: pending.size });
    (subscriptions[cursor.channel.name] ??= []).push(described);
  }
  return {
    id: client.id,
    hb_inbox: client.record.heartbeatInbox,
    subs_count: members.length,
    ...(withSubscriptions && members.length > 0 ? { subscriptions } : {}),
  };
}

function describeChannel(channel: Channel, withSubscriptions: boolean): object {
  const { log } = channel;
  return {
    name: channel.name,
    msgs: log.messageCount,
    bytes: log.byteCount,
    first_seq: log.lastSequence === 0 ? 0 : log.firstSequence,
    last_seq: log.lastSequence,
    subs_count: channel.subscriptionCount,
    ...(withSubscriptions ? { subscriptions: [...channel.cursors].flatMap(describeCursor) } : {}),
  };
}

/** Its members, or the cursor itself when it is offline. */
function describeCursor(cursor: Cursor): object[] {
  if (cursor.members.length === 0) {
    const state = { stalled: false, pending: cursor.pending.length };
    return [describeSubscription(cursor, cursor.identity.clientId, undefined, state)];
  }
  return cursor.members.map(({ client, settings, stalled, pending }) =>
    describeSubscription(cursor, client.id, settings, { stalled, pending: pending.size }),
  );
}

function describeSubscription(
  cursor: Cursor,
  clientId: string,
  settings: MemberSettings | undefined,
  state: { stalled: boolean; pending: number },
): object {
  const { durableName, queue } = cursor.identity;
  const durable = durableName !== '';
  return {
    client_id: clientId,
    inbox: settings?.inbox ?? '',
    ack_inbox: settings?.ackInbox ?? '',
    ...(durable && queue === '' ? { durable_name: durableName } : {}),
    ...(queue === '' ? {} : { queue_name: durable ? `${durableName}:${queue}` : queue }),
    is_durable: durable,
    is_offline: settings === undefined,
    max_inflight: settings?.maxInFlight ?? 0,
    ack_wait: settings?.ackWaitSeconds ?? 0,
    last_sent: cursor.lastSent,
    pending_count: state.pending,
    is_stalled: state.stalled,
  };
}
