import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';

/** What ends a program from outside. A terminal sends them to the child too; `kill` sends them to this process only. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** Runs Node with the terminal as it is, passes signals on, waits for its end and returns its exit code. */
export async function runChild(args) {
  const child = spawn(process.execPath, args, { stdio: 'inherit' });
  return endOf(child);
}

/**
 * Runs a program and returns its exit code and all that it wrote.
 * @param onText takes what it writes as it comes
 */
export async function runCollected(command, args, options = {}, onText = () => undefined) {
  const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8');
    stream.on('data', (text) => {
      output += text;
      onText(text);
    });
  }
  return { code: await endOf(child), output };
}

/** Does `work` for each item, two at a time: these programs use one core each, and every machine has two. */
export async function twoAtATime(items, work) {
  const queue = [...items];
  const lane = async () => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item);
  };
  await Promise.all([lane(), lane()]);
}

async function endOf(child) {
  const pass = (signal) => child.kill(signal);
  for (const signal of SIGNALS) process.on(signal, pass);
  try {
    const [code, signal] = await once(child, 'close');
    return code ?? 128 + constants.signals[signal];
  } finally {
    for (const signal of SIGNALS) process.off(signal, pass);
  }
}
