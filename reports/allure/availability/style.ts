/** What the availability page adds to the report's style sheet. */
export const availabilityStyle = `
main, header { max-width: 1480px; }
.keys { margin-left: 0; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
table.matrix { font-size: 12.5px; line-height: 1.35; border-collapse: separate; border-spacing: 0; }
.matrix th, .matrix td { padding: 8px; border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }
.matrix thead th { white-space: normal; vertical-align: bottom; }
.matrix thead th[scope=colgroup] { color: var(--text); font-size: 14px; border-left: 1px solid var(--line); }
.matrix tbody td, .matrix th[scope=col] { border-left: 1px solid var(--line); min-width: 112px; }
.matrix tbody th { position: sticky; left: 0; z-index: 1; background: var(--card); min-width: 96px; max-width: 150px; font-weight: 600; }
.matrix .verdict { padding: 1px 8px; font-size: 12.5px; text-decoration: none; white-space: normal; }
.matrix .verdict:hover { text-decoration: underline; }
.verdict.accepted { color: var(--unknown); background: none; outline: 1px solid var(--unknown); outline-offset: -1px; }
.verdict.plain { color: var(--dim); background: none; outline: 1px solid var(--line); outline-offset: -1px; }
.matrix .verdict:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
.cell + .cell { border-top: 1px dashed var(--line); margin-top: 8px; padding-top: 8px; }
.top { display: flex; flex-wrap: wrap; gap: 4px 8px; align-items: center; position: relative; }
.show { font: inherit; font-size: 12.5px; color: var(--link); background: none; border: 0; padding: 3px 2px; min-height: 24px; cursor: pointer; text-decoration: underline; }
.which, .why { margin: 4px 0 0; }
.why { display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 5; overflow: hidden; }
.numbers { margin: 4px 0 0; font-variant-numeric: tabular-nums; }
.numbers dt { color: var(--dim); display: inline; }
.numbers b { white-space: nowrap; }
.numbers dd { display: inline; margin: 0; }
.numbers b { font-weight: 650; }
.numbers .bad { color: var(--fail); }
.had { display: flex; height: 10px; margin: 6px 0 0; border-radius: 2px; overflow: hidden; background: var(--grid); }
.past { display: flex; flex-wrap: wrap; gap: 0 6px; align-items: center; margin-top: 4px; }
.past svg { max-width: 100%; }
.past .line { fill: none; stroke: var(--link); stroke-width: 1.5; }
.past .point { fill: var(--link); }
.past .hollow { fill: none; stroke: var(--dim); }
.picture { border: 1px solid var(--line); border-radius: 10px; background: var(--card); color: var(--text); padding: 12px; max-width: min(96vw, 1000px); max-height: 94vh; overflow: auto; }
.picture::backdrop { background: rgba(0, 0, 0, .5); }
.picture img { display: block; width: min(88vw, 960px); height: auto; min-width: 300px; }

@media (max-width: 700px) {
  .matrix thead { display: none; }
  .matrix, .matrix tbody, .matrix tr, .matrix th, .matrix td { display: block; }
  .matrix tbody th { position: static; max-width: none; font-size: 17px; padding: 18px 0 4px; border: 0; }
  .matrix td { border: 0; border-top: 1px solid var(--line); padding: 8px 0; font-size: 13.5px; }
  .matrix td::before { content: attr(data-label) ' '; font-weight: 600; }
  .matrix td.not-run { padding: 3px 0; }
  .matrix .verdict, .show { font-size: 13.5px; }
  .numbers { display: flex; flex-wrap: wrap; gap: 0 14px; }
  .past .dim, .had { flex-shrink: 0; }
}
`;
