import { subscribe } from 'node:diagnostics_channel';
import type { CloudEvent } from '@app/nats';
import { Logger, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import { tap, type Observable } from 'rxjs';
import { traceIdOf } from './trace-carrier.js';

/** The events that the inbox had seen before. A channel belongs to the process, and so does what hears it. */
const repeats = new WeakSet<object>();
const rememberRepeat = (message: unknown) => repeats.add((message as { readonly event: CloudEvent }).event);
let listening = false;

/**
 * One line for each message that was handled: type, message id, the id of what it is about, trace id, outcome
 * (`processed`, `repeated` or `failed`) and time in ms. What the event says is not logged.
 */
export class MessageLog implements NestInterceptor {
  private readonly logger = new Logger('Messages');

  constructor() {
    if (!listening) subscribe('inbox.repeated', rememberRepeat);
    listening = true;
  }

  intercept(execution: ExecutionContext, next: CallHandler): Observable<unknown> {
    const event = execution.switchToRpc().getData<CloudEvent>();
    const start = performance.now();
    const line = (outcome: string) => lineOf(event, outcome, performance.now() - start);
    return next.handle().pipe(
      tap({
        complete: () => this.logger.log(line(repeats.has(event) ? 'repeated' : 'processed')),
        error: (error: unknown) => {
          const reason = error instanceof Error ? error.name : typeof error;
          this.logger.error({ ...line('failed'), reason });
        },
      }),
    );
  }
}

function lineOf({ type, id, subject, traceparent }: CloudEvent, outcome: string, ms: number): object {
  const [noun] = type.split('.', 1);
  return {
    msg: `${type} ${outcome}`,
    type,
    messageId: id,
    ...(subject === undefined ? {} : { [`${noun}Id`]: subject }),
    outcome,
    ms: Math.round(ms * 10) / 10,
    traceId: traceIdOf(traceparent),
  };
}
