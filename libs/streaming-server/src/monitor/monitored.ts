import type { CoreServer } from '../core/core-server.js';
import type { StreamingService } from '../streaming/streaming-service.js';

/** What the pages look at. */
export interface Monitored {
  readonly id: string;
  readonly clusterId: string;
  readonly startedAt: Date;
  readonly host: string;
  readonly port: number;
  readonly core: CoreServer;
  readonly streaming: StreamingService;
}

/** What a page shows; undefined: there is no such thing. The names of the fields are the real server's. */
export type Page = (server: Monitored, query: URLSearchParams) => object | undefined;
