import { defineProblems } from './problem.catalog.js';

/** What every service may answer, whatever it is asked. */
export const serviceProblems = defineProblems({
  'invalid-request': {
    status: 400,
    title: 'The request is not valid',
    about:
      'The body, the query or the address does not fit what the operation takes. `errors` names every wrong field at once, each with what was expected; correct them all and send the request again.',
  },
  'malformed-request': {
    status: 400,
    title: 'The request cannot be read',
    about:
      'The request is not well-formed: its body is not JSON or is empty, its address cannot be decoded, or it is not HTTP. `detail` says which. Nothing of it was looked at.',
  },
  unauthenticated: {
    status: 401,
    title: 'Who sends the request is not known',
    about:
      'The request has no bearer token, or one that is expired, not meant for this service or not signed by whom this service trusts. `WWW-Authenticate` says which; get a new token and send the request again.',
  },
  'insufficient-scope': {
    status: 403,
    title: 'The caller may not do this',
    about:
      'The token is good, and what it allows is not enough. `WWW-Authenticate` names the scopes that the operation needs; a new token with the same scopes will not help.',
  },
  'not-found': {
    status: 404,
    title: 'There is nothing at this address',
    about: 'No operation has this address. The addresses that exist are in `/openapi.json`.',
  },
  'method-not-allowed': {
    status: 405,
    title: 'The address does not take this method',
    about: 'The address exists, but not for this method. `Allow` lists the methods that it takes.',
  },
  'request-timeout': {
    status: 408,
    title: 'The request did not arrive in time',
    about:
      'The service stopped to wait for the rest of the request and closed the connection. Send it again, on a new connection.',
  },
  'body-too-large': {
    status: 413,
    title: 'The body is too large',
    about: 'The body has more bytes than any operation takes, and was not read. Send less at a time.',
  },
  'address-too-long': {
    status: 414,
    title: 'The address is too long',
    about: 'A part of the address is longer than any id of this service.',
  },
  'unsupported-media-type': {
    status: 415,
    title: 'The body is not declared as JSON',
    about: 'Bodies are taken as JSON only: send them with `Content-Type: application/json`.',
  },
  'too-many-requests': {
    status: 429,
    title: 'Too many requests',
    about:
      'The caller has sent more requests than it may in one minute. `Retry-After` says in how many seconds the next one is answered.',
  },
  'headers-too-large': {
    status: 431,
    title: 'The headers are too large',
    about: 'The header fields together have more bytes than the service reads.',
  },
  'internal-error': {
    status: 500,
    title: 'The service failed',
    about:
      'A fault of the service. Whether the request had an effect is not known: a request with an Idempotency-Key may be repeated safely. `errorId` stands in the log of the service beside what went wrong; name it when you report the fault.',
  },
  'not-ready': {
    status: 503,
    title: 'The database does not answer',
    about: 'The service is alive, and cannot answer requests until its database does.',
  },
  'outcome-unknown': {
    status: 503,
    title: 'Whether it was done is unknown',
    about:
      'The database did not say whether the change was committed: it was, whole, or nothing was. A request with an ' +
      '`Idempotency-Key` is repeated with the same key, and takes effect once; after any other look first, with GET.',
  },
  'keys-unavailable': {
    status: 503,
    title: 'Tokens cannot be checked',
    about:
      'The keys with which tokens are checked could not be fetched, so nobody can be told from anybody. Nothing was done; send the request again later.',
  },
  'shutting-down': {
    status: 503,
    title: 'This instance is shutting down',
    about:
      'The instance takes no more requests, and closes the connection. Nothing was done; send the request again, on a new connection.',
  },
});
