import { createReadStream } from 'node:fs';
import { createRequire } from 'node:module';
import type { OpenAPIObject } from '@nestjs/swagger';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { documentOf } from './open-api.js';

const require = createRequire(import.meta.url);

/** The files of Swagger UI that the page loads, from the package: it works without a network. */
const FILES: ReadonlyMap<string, string> = new Map([
  ['swagger-ui.css', 'text/css; charset=utf-8'],
  ['swagger-ui-bundle.js', 'text/javascript; charset=utf-8'],
]);

const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>API</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/docs/swagger-ui.css">
</head>
<body>
<div id="page"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
`;

const START = `SwaggerUIBundle({ url: '/openapi.json', dom_id: '#page', validatorUrl: null });\n`;

/**
 * Serves `/openapi.json`, and `/docs`, a page that shows it: to everybody, since what they say is no secret. They are no
 * handlers of Nest's, and so do not describe themselves.
 */
export function serveDocuments(app: NestFastifyApplication): void {
  const instance = app.getHttpAdapter().getInstance();
  let document: Promise<OpenAPIObject> | undefined;
  instance.get('/openapi.json', () => (document ??= documentOf(app)));
  instance.get('/docs', (_request, reply) => reply.type('text/html; charset=utf-8').send(PAGE));
  instance.get('/docs/start.js', (_request, reply) =>
    reply.type('text/javascript; charset=utf-8').send(START),
  );
  for (const [name, contentType] of FILES) {
    instance.get(`/docs/${name}`, (_request, reply) =>
      reply.type(contentType).send(createReadStream(require.resolve(`swagger-ui-dist/${name}`))),
    );
  }
}
