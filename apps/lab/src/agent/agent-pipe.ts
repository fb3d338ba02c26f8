import { writeSync } from 'node:fs';
import { AGENT_DESCRIPTOR, type AgentLine } from './agent-protocol.js';

/**
 * Writes a line to the lab before it returns: what waits for the event loop is lost when the process is killed. The
 * lab's end may be slow; then this end waits, as the descriptor of a child blocks.
 */
export function tell(line: AgentLine): void {
  writeSync(AGENT_DESCRIPTOR, `${JSON.stringify(line)}\n`);
}
