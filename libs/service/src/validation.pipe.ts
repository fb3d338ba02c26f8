import { StandardSchemaValidationPipe } from '@nestjs/common';
import { ProblemException, problemType } from './problem.js';

/** Checks bodies, parameters and queries against their schemas; a problem document names every wrong field. */
export function validationPipe(): StandardSchemaValidationPipe {
  return new StandardSchemaValidationPipe({
    exceptionFactory: (issues) =>
      new ProblemException({
        type: problemType('invalid-request'),
        title: 'The request is not valid',
        status: 400,
        errors: issues.map((issue) => ({
          field: (issue.path ?? []).map((part) => (typeof part === 'object' ? part.key : part)).join('.'),
          message: issue.message,
        })),
      }),
  });
}
