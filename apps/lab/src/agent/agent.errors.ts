import { LabError } from '../lab.errors.js';

/** The agent of a process cannot do what it is told to. */
export class AgentOrderError extends LabError {
  readonly code = 'LAB_AGENT_ORDER';

  constructor(
    readonly program: string,
    readonly reason: string,
  ) {
    super(`${program} takes no orders: ${reason}`);
  }
}
