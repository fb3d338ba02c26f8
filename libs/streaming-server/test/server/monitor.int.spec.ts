import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { StreamingServer } from '@app/streaming-server';
import { close, connect, publish, subscribe, type Client } from '../support/client.js';

describe('the monitoring page', () => {
  let server: StreamingServer;
  let client: Client;

  beforeAll(async () => {
    server = await StreamingServer.start({ monitorPort: 0, clusterId: 'bank' });
    client = await connect(server, 'reader');
    for (const data of ['1', '2']) await publish(client, 'c', data);
    const manual = (o: ReturnType<Client['subscriptionOptions']>): typeof o =>
      o.setManualAckMode(true).setDeliverAllAvailable().setMaxInFlight(1).setDurableName('d');
    await (await subscribe(client, 'c', { options: manual })).count(1);
    await (await subscribe(client, 'c', { queue: 'q', options: manual })).close();
  });

  afterAll(async () => {
    await close(client);
    await server.stop();
  });

  async function get(path: string): Promise<Record<string, unknown>> {
    const response = await fetch(`${server.monitorUrl}${path}`);
    expect(response.headers.get('content-type')).toContain('application/json');
    return (await response.json()) as Record<string, unknown>;
  }

  it('shows the server with the real one’s field names', async () => {
    const page = await get('/streaming/serverz');
    expect(Object.keys(page)).toEqual(
      'cluster_id server_id version go state now start_time uptime clients subscriptions channels total_msgs total_bytes in_msgs in_bytes out_msgs out_bytes'.split(
        ' ',
      ),
    );
    expect(page).toMatchObject({
      cluster_id: 'bank',
      clients: 1,
      subscriptions: 2,
      channels: 1,
      total_msgs: 2,
      in_msgs: 2,
    });
  });

  it('lists clients with their subscriptions', async () => {
    const page = await get('/streaming/clientsz?subs=1');
    expect(page).toMatchObject({ offset: 0, limit: 1024, count: 1, total: 1 });
    expect(page.clients).toEqual([
      {
        id: 'reader',
        hb_inbox: expect.stringMatching(/^_INBOX\./),
        subs_count: 1,
        subscriptions: {
          c: [
            {
              client_id: 'reader',
              inbox: expect.stringMatching(/^_INBOX\./),
              ack_inbox: expect.stringMatching(/^_INBOX\./),
              durable_name: 'd',
              is_durable: true,
              is_offline: false,
              max_inflight: 1,
              ack_wait: 30,
              last_sent: 1,
              pending_count: 1,
              is_stalled: true,
            },
          ],
        },
      },
    ]);
    expect(await get('/streaming/clientsz?client=reader')).toMatchObject({ id: 'reader', subs_count: 1 });
  });

  it('lists channels by name, and with their subscriptions, offline ones too', async () => {
    expect(await get('/streaming/channelsz')).toMatchObject({ count: 1, total: 1, names: ['c'] });
    const page = await get('/streaming/channelsz?channel=c&subs=1');
    expect(page).toMatchObject({ name: 'c', msgs: 2, first_seq: 1, last_seq: 2, subs_count: 2 });
    const offline = (page.subscriptions as { is_offline: boolean }[]).filter(
      (subscription) => subscription.is_offline,
    );
    expect(offline).toEqual([expect.objectContaining({ queue_name: 'd:q', is_durable: true })]);
    expect(await get('/streaming/channelsz?offset=1&limit=5')).toMatchObject({
      count: 0,
      total: 1,
      offset: 1,
      limit: 5,
    });
  });

  it('shows the store, the variables and the connections in brief', async () => {
    expect(await get('/streaming/storez')).toMatchObject({
      type: 'MEMORY',
      total_msgs: 2,
      limits: { max_channels: 100 },
    });
    expect(await get('/varz')).toMatchObject({ port: server.port, connections: 1, max_payload: 1_048_576 });
    expect(await get('/connz')).toMatchObject({
      num_connections: 1,
      total: 1,
      connections: [{ ip: '127.0.0.1', lang: 'node' }],
    });
  });

  it('answers 404 for what is not there, 405 for what is no reading, and lists its pages', async () => {
    for (const path of ['/x', '/streaming/channelsz?channel=x', '/streaming/clientsz?client=x']) {
      expect((await fetch(`${server.monitorUrl}${path}`)).status).toBe(404);
    }
    expect((await fetch(`${server.monitorUrl}/varz`, { method: 'POST' })).status).toBe(405);
    expect(await (await fetch(`${server.monitorUrl}/streaming`)).text()).toContain('/streaming/channelsz');
  });
});
