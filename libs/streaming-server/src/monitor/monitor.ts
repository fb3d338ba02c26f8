import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { ListenError } from '../errors.js';
import type { Monitored, Page } from './monitored.js';
import { connectionsPage, variablesPage } from './core-pages.js';
import { channelsPage, clientsPage, serverPage, storePage } from './streaming-pages.js';

const PAGES: ReadonlyMap<string, Page> = new Map([
  ['/streaming/serverz', serverPage],
  ['/streaming/storez', storePage],
  ['/streaming/clientsz', clientsPage],
  ['/streaming/channelsz', channelsPage],
  ['/varz', variablesPage],
  ['/connz', connectionsPage],
]);

/** The monitoring page while it is up. */
export interface Monitor {
  readonly port: number;
  stop(): Promise<void>;
}

/** Serves the pages over HTTP. Throws `ListenError`. */
export async function startMonitor(server: Monitored, host: string, port: number): Promise<Monitor> {
  const http = createServer((request, response) => respond(server, request, response));
  try {
    http.listen(port, host);
    await once(http, 'listening');
  } catch (error) {
    throw new ListenError(host, port, error);
  }
  return {
    port: (http.address() as AddressInfo).port,
    stop: async () => {
      http.close();
      http.closeAllConnections();
      await once(http, 'close');
    },
  };
}

function respond(server: Monitored, request: IncomingMessage, response: ServerResponse): void {
  const url = new URL(request.url ?? '/', 'http://monitor');
  if (request.method !== 'GET' && request.method !== 'HEAD')
    return end(response, 405, 'text/plain', 'GET only\n');
  if (url.pathname === '/' || url.pathname === '/streaming')
    return end(response, 200, 'text/html', indexPage());
  const page = PAGES.get(url.pathname);
  const content = page?.(server, url.searchParams);
  if (content === undefined)
    return end(response, 404, 'text/plain', `${url.pathname}${url.search} not found\n`);
  end(response, 200, 'application/json', JSON.stringify(content, undefined, 2));
}

function end(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { 'Content-Type': `${type}; charset=utf-8` }).end(body);
}

function indexPage(): string {
  const links = [...PAGES.keys()].map((path) => `<li><a href="${path}">${path}</a></li>`);
  return `<!doctype html><title>NATS Streaming</title><h1>NATS Streaming</h1><ul>${links.join('')}</ul>\n`;
}
