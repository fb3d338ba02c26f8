import type { Closers } from '../parts/closers.js';
import { runCell } from './cell.js';
import type { MatrixOptions } from './matrix-options.js';
import { predictionOf } from './predictions.js';
import { MatrixStage } from './stage.js';
import { PARTICIPANTS, Story, type Event } from './story.js';

/**
 * Plays one cell and prints what happened: as plain text, and as a diagram for whatever shows mermaid.
 * @returns the exit code: 0 only if it came out as predicted
 */
export async function tellStory({ points, strategies }: MatrixOptions, open: Closers): Promise<number> {
  const [point] = points;
  const [strategy] = strategies;
  if (point === undefined || strategy === undefined) return 2;
  const stage = await MatrixStage.open(strategy, open);
  await stage.prove();
  const story = new Story(stage);
  // A cell that cannot be played throws, and the story would look on for ever.
  const { verdict } = await runCell(point, stage, story).finally(() => story.end());
  const { verdict: predicted, because } = predictionOf(point.name, strategy.name);
  console.log(`${point.title}; ${strategy.title}\n\n${asText(story.events)}\n\n${asMermaid(story.events)}\n`);
  console.log(`${verdict} (predicted: ${predicted}): ${because}`);
  return verdict === predicted ? 0 : 1;
}

/** A line for each event, with the time since the beginning. */
export function asText(events: readonly Event<string>[]): string {
  return events
    .map((event) => `${`+${(event.atMs / 1_000).toFixed(3)} s`.padStart(11)}  ${lineOf(event)}`)
    .join('\n');
}

function lineOf(event: Event<string>): string {
  if (event.kind === 'message') return `${event.from} → ${event.to}: ${event.text}`;
  return event.kind === 'note' ? `${event.over}: ${event.text}` : `   known by now | ${event.text}`;
}

/**
 * The same as a sequence diagram: https://mermaid.js.org/syntax/sequenceDiagram.html
 * @param names of its columns, from the left to the right
 */
export function asMermaid(events: readonly Event<string>[], names: readonly string[] = PARTICIPANTS): string {
  const alias = (name: string) => name.replaceAll(/[ -]/g, '_');
  const lines = events.map((event) => {
    const text = event.text.replaceAll(';', ',').replaceAll('#', '');
    if (event.kind === 'message') return `${alias(event.from)}->>${alias(event.to)}: ${text}`;
    if (event.kind === 'note') return `Note over ${alias(event.over)}: ${text}`;
    return `Note over transactions,accounts_db: ${text.replaceAll(' | ', '<br/>')}`;
  });
  const participants = names.map((name) => `participant ${alias(name)} as ${name}`);
  return [
    '```mermaid',
    'sequenceDiagram',
    ...[...participants, ...lines].map((line) => `  ${line}`),
    '```',
  ].join('\n');
}
