/** How the report looks, in light and in dark. */
export const STYLE = `
:root { color-scheme: light dark; --paper: #fcfcfb; --ink: #1a1a18; --muted: #5f5e58; --rule: #e3e2dc;
  --curve: #2a78d6; --area: #2a78d622; --band: #d4860b26; --bar: #b8720a; --bad: #c22f2f; --good: #0b7a45; }
@media (prefers-color-scheme: dark) {
  :root { --paper: #1a1a19; --ink: #f2f1ec; --muted: #a9a79e; --rule: #383732;
    --curve: #5a9df0; --area: #5a9df02b; --band: #f0a83026; --bar: #e0a040; --bad: #ff8080; --good: #4fcf8e; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1400px; padding: 24px; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 24px; margin: 0; } h2 { font-size: 18px; margin: 0 0 4px; } h3 { font-size: 14px; margin: 12px 0 0; }
p { margin: 4px 0; max-width: 80ch; } .muted { color: var(--muted); } .bad { color: var(--bad); } .good { color: var(--good); }
.runs { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 480px), 1fr)); gap: 24px; margin: 24px 0; }
.runs section { min-width: 0; } figure { margin: 0; } [hidden] { display: none; }
svg { display: block; width: 100%; height: auto; } text { fill: var(--muted); font-size: 12px; font-variant-numeric: tabular-nums; }
.value, .lane { text-anchor: end; } .time { text-anchor: middle; } .grid { stroke: var(--rule); }
.band { fill: var(--band); } .bar { fill: var(--bar); } .area { fill: var(--area); }
.curve { fill: none; stroke: var(--curve); stroke-width: 2; stroke-linejoin: round; } .dot { fill: var(--curve); }
.healed { stroke: var(--good); stroke-dasharray: 3 3; } .pointer { stroke: var(--ink); }
.read { float: right; font-weight: normal; color: var(--muted); font-variant-numeric: tabular-nums; }
.scroll { overflow-x: auto; max-height: 70vh; } table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--muted); padding: 4px 0; } th, td { padding: 3px 14px 3px 0; text-align: right;
  border-bottom: 1px solid var(--rule); white-space: nowrap; } th:first-child { text-align: left; font-weight: normal; }
thead th { font-weight: 600; position: sticky; top: 0; background: var(--paper); } summary { cursor: pointer; margin: 12px 0; }
`;

/** Shows the values of a run at the time under the pointer, in all its curves at once. */
export const SCRIPT = `
for (const run of document.querySelectorAll('[data-run]')) {
  const { readings, endMs, left, right, width } = JSON.parse(run.querySelector('script').textContent);
  const charts = [...run.querySelectorAll('figure')];
  run.addEventListener('pointermove', (event) => {
    const svg = event.target.closest('svg');
    if (!svg) return;
    const box = svg.getBoundingClientRect();
    const at = ((event.clientX - box.left) / box.width * width - left) / (width - left - right) * endMs;
    const reading = readings.reduce((best, one) => Math.abs(one.at - at) < Math.abs(best.at - at) ? one : best);
    const x = left + reading.at / endMs * (width - left - right);
    for (const chart of charts) {
      const line = chart.querySelector('.pointer');
      line.removeAttribute('hidden');
      line.setAttribute('x1', x);
      line.setAttribute('x2', x);
      const read = chart.querySelector('.read');
      if (read) read.textContent = reading.clock + '  ' + reading[chart.dataset.curve];
    }
  });
}
`;
