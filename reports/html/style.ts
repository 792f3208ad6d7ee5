import { paletteStyle } from './palette.ts';

/** The style sheet of the report. */
export const style = `
${paletteStyle}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body {
  margin: 0; padding: 24px 16px 48px; background: var(--ground); color: var(--text);
  font: 15px/1.5 system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif;
}
main, header, footer { max-width: 1080px; margin: 0 auto; }
h1 { font-size: 26px; line-height: 1.25; margin: 0; text-wrap: balance; overflow-wrap: anywhere; }
h2 { font-size: 18px; margin: 0 0 4px; }
h3 { font-size: 15px; margin: 20px 0 6px; overflow-wrap: anywhere; }
p { margin: 0 0 10px; max-width: 75ch; }
.dim { color: var(--dim); }
small, .small { font-size: 13px; }
a { color: var(--link); }
code { font: 13px/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; overflow-wrap: anywhere; }
section { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 20px; margin: 16px 0; }
.nowrap { white-space: nowrap; }
:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }

.verdict { display: inline-flex; align-items: center; gap: 6px; border-radius: 999px; padding: 3px 12px; font-weight: 650; white-space: nowrap; }
.verdict.pass { color: var(--pass); background: var(--pass-ground); }
.verdict.fail { color: var(--fail); background: var(--fail-ground); }
.verdict.unknown { color: var(--unknown); background: var(--unknown-ground); }
header .verdict { font-size: 17px; margin-bottom: 10px; }
header .lead { font-size: 17px; margin: 10px 0 4px; max-width: 75ch; overflow-wrap: anywhere; }
.facts { display: flex; flex-wrap: wrap; gap: 2px 18px; margin: 6px 0 0; padding: 0; list-style: none; color: var(--dim); font-size: 14px; }
.facts b { font-weight: 600; color: var(--text); overflow-wrap: anywhere; }
.banner { border-radius: 10px; padding: 12px 16px; margin: 16px 0 0; background: var(--unknown-ground); overflow-wrap: anywhere; }
.banner.bad { background: var(--fail-ground); }
.banner ul { margin: 4px 0 0; padding-left: 20px; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 12px; margin: 18px 0 0; }
.tile { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 12px 16px; min-width: 0; }
.tile dt { font-size: 13px; color: var(--dim); }
.tile dd { margin: 0; }
.tile .value { font-size: 24px; line-height: 1.3; font-weight: 650; font-variant-numeric: tabular-nums; }
.tile .bad { color: var(--fail); }

.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 14px; font-variant-numeric: tabular-nums; }
th, td { text-align: left; vertical-align: top; padding: 6px 14px 6px 0; border-bottom: 1px solid var(--line); }
thead th { font-size: 13px; font-weight: 600; color: var(--dim); white-space: nowrap; }
tbody th { font-weight: 500; }
tr:last-child > th, tr:last-child > td { border-bottom: 0; }
td .dim, th .dim { font-weight: 400; }
table.seen td .dim { display: block; }
table.marks th[scope=row] { position: sticky; left: 0; background: var(--card); min-width: 240px; }
table.marks td, table.marks thead th + th { min-width: 150px; max-width: 260px; white-space: normal; overflow-wrap: anywhere; }
table.marks thead th .dim { display: block; }
table.marks tbody.group th[scope=rowgroup] { color: var(--dim); font-size: 13px; font-weight: 600; padding-top: 16px; }
.checks td, .checks th { overflow-wrap: anywhere; }
.checks th { font-weight: 600; }
.checks tbody th { min-width: 130px; }

details { margin-top: 10px; }
summary { cursor: pointer; color: var(--link); width: fit-content; }
ul.ids { list-style: none; padding: 0; margin: 6px 0; columns: 3 220px; }
dl.words { display: grid; grid-template-columns: minmax(120px, max-content) 1fr; gap: 6px 16px; font-size: 14px; margin: 12px 0 0; }
dl.words dt { font-weight: 600; }
dl.words dd { margin: 0; max-width: 75ch; overflow-wrap: anywhere; min-width: 0; }

.split { list-style: none; margin: 14px 0 0; padding: 0; }
.split li { display: grid; grid-template-columns: 250px 1fr 74px; gap: 2px 14px; align-items: center; padding: 5px 0; }
.split .track { position: relative; height: 16px; border-radius: 3px; background: var(--grid); }
.split .bar { position: absolute; top: 0; bottom: 0; min-width: 2px; border-radius: 3px; background: var(--wait); }
.split .bar.open { background: repeating-linear-gradient(135deg, var(--bite) 0 4px, transparent 4px 8px); }
.split .took { text-align: right; font-weight: 600; font-variant-numeric: tabular-nums; white-space: nowrap; }
.split .detail { grid-column: 2 / 4; font-size: 13px; color: var(--dim); overflow-wrap: anywhere; }

.timeline { --left: 48px; --right: 18px; }
.readout { position: sticky; top: 0; z-index: 3; background: var(--card); border-bottom: 1px solid var(--line); min-height: 54px; padding: 6px 0; font-size: 13px; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
.readout b { font-weight: 650; }
.readout .item { display: inline-block; margin-right: 14px; }
.swatch { display: inline-block; width: 10px; height: 10px; border-radius: 2px; margin-right: 5px; vertical-align: baseline; }
.lane { position: relative; margin: 0 var(--right) 0 var(--left); overflow: hidden; }
.lane-label { font-size: 12px; color: var(--dim); margin: 8px 0 2px var(--left); }
.lane > * {
  position: absolute; top: 0; bottom: 0;
  left: calc(100% * (var(--f) - var(--min)) / (var(--max) - var(--min)));
  width: calc(100% * (var(--t) - var(--f)) / (var(--max) - var(--min)));
}
.phases { height: 22px; font-size: 12px; }
.phases > * { border-left: 1px solid var(--dim); color: var(--dim); overflow: hidden; white-space: nowrap; line-height: 22px; display: flex; flex-wrap: wrap; }
/* A name that does not fit next to this spacer wraps below it and is hidden: half a word is no use. */
.phases > *::before { content: ''; width: 4px; height: 22px; }
.phases > .failed { color: var(--fail); font-weight: 600; }
.classes { height: 16px; border-radius: 3px; background: var(--grid); }
.events { height: 20px; overflow: clip; overflow-clip-margin: 12px; }
.events > button { width: 24px; margin-left: -12px; height: 20px; padding: 0; border: 0; background: none; color: var(--dim); font: 12px/20px system-ui, sans-serif; cursor: pointer; }
.events > button::before { content: '\\25BC'; }
.events > button:hover, .events > button:focus-visible, .events > button.on { color: var(--link); z-index: 1; }
.keys { display: flex; flex-wrap: wrap; gap: 4px 14px; list-style: none; padding: 0; margin: 8px 0 0 var(--left); font-size: 13px; color: var(--dim); }
.row-label { display: flex; flex-wrap: wrap; gap: 0 12px; align-items: baseline; font-size: 13px; margin: 12px 0 2px; }
.row-label .dim { margin-left: auto; }
.row-label b { overflow-wrap: anywhere; }
.plot { min-height: 60px; touch-action: pan-y; }
.plot .uplot { font-family: inherit; }
.u-select { background: var(--fault-edge); opacity: .25; }
.u-hz .u-cursor-x { border-right-color: var(--dim); }
.zoom { display: flex; flex-wrap: wrap; gap: 8px; margin: 10px 0 4px; }
.zoom button, .keys button { font: inherit; font-size: 13px; color: var(--text); background: var(--card); border: 1px solid var(--line); border-radius: 6px; padding: 4px 10px; min-height: 32px; cursor: pointer; }
.zoom button[aria-pressed=true] { border-color: var(--link); color: var(--link); font-weight: 600; }
.keys button[aria-pressed=false] { opacity: .55; text-decoration: line-through; }
html:not(.charts) .needs-charts { display: none; }
.timeline-image { overflow-x: auto; }
.timeline-image svg { display: block; width: 100%; min-width: 520px; height: auto; }

@media (max-width: 640px) {
  body { padding: 16px 10px 40px; }
  section { padding: 16px 14px; }
  table.marks th[scope=row] { min-width: 118px; max-width: 150px; }
  table.marks th .dim { display: block; }
  h1 { font-size: 22px; }
  .tiles { grid-template-columns: 1fr 1fr; gap: 8px; }
  .tile { padding: 10px 12px; }
  .tile .value { font-size: 20px; }
  .timeline { --right: 12px; }
  .readout { min-height: 92px; }
  .row-label .dim { margin-left: 0; }
  .split li { grid-template-columns: 1fr auto; }
  .split .track { grid-column: 1 / 3; grid-row: 2; }
  .split .detail { grid-column: 1 / 3; }
  .stack thead { display: none; }
  .stack, .stack tbody, .stack tr, .stack th, .stack td { display: block; }
  .stack tr { padding: 8px 0; border-bottom: 1px solid var(--line); }
  .stack tr:last-child { border-bottom: 0; }
  .stack th, .stack td { border: 0; padding: 1px 0; }
  .stack td[data-label]::before { content: attr(data-label) ' '; color: var(--dim); }
  .checks td:first-child, .checks th { display: inline-block; margin-right: 8px; }
  dl.words { grid-template-columns: 1fr; gap: 0; }
  dl.words dd { margin-bottom: 10px; }
}
@media print {
  body { background: none; }
  section { break-inside: avoid; }
  .readout, .zoom { display: none; }
}
`;
