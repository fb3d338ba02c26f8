import type { NatsOptions } from './nats.options.js';

/** Where a client wants to connect, and as whom, as it may be shown: the URL carries no secret. */
export interface NatsTarget {
  readonly url: string;
  /** Absent with JetStream, which has none. */
  readonly clusterId?: string;
  readonly clientId: string;
}

/** What logs and errors may say of the options. */
export function targetOf({ url, driver, clientId }: NatsOptions): NatsTarget {
  const shown = { url: redactUrl(url), clientId };
  return driver.name === 'streaming' ? { ...shown, clusterId: driver.clusterId } : shown;
}

/** As logs and errors write it. */
export function targetText({ url, clusterId, clientId }: NatsTarget): string {
  const driver = clusterId === undefined ? 'driver=jetstream' : `cluster=${clusterId}`;
  return `url=${url} ${driver} client=${clientId}`;
}

/** The URL as it may be shown: user and password masked. */
export function redactUrl(url: string): string {
  return url.replace(/\/\/[^/]*@/, '//***@');
}
