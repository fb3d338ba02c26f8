import { defineProblems } from '@app/service';

/** What a request under an Idempotency-Key may be refused with; sections 2.6 and 2.7 of the draft. */
export const idempotencyProblems = defineProblems({
  'idempotency-key-missing': {
    status: 400,
    title: 'Idempotency-Key is missing',
    about:
      'The request records something, and has no `Idempotency-Key`. Send the header with a value of your own, such as ' +
      'a UUID, and repeat it when you repeat the request.',
  },
  'idempotency-key-invalid': {
    status: 400,
    title: 'Idempotency-Key is not valid',
    about:
      'The `Idempotency-Key` is not 1 to 255 visible ASCII characters in quotes, without quotes or backslashes among ' +
      'them. The same without the quotes around it is taken as the same key.',
  },
  'idempotency-key-reused': {
    status: 422,
    title: 'Idempotency-Key was used for another request',
    about:
      'The key belongs to a request with another body, whose answer is still kept. A new request needs a new key.',
  },
  'idempotency-key-in-progress': {
    status: 409,
    title: 'A request with this Idempotency-Key is being processed',
    about:
      'The first request under this key has not ended yet. Repeat this one a little later, with the same key.',
  },
});
