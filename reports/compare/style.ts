/** What a comparison adds to the report's style sheet. */
export const compareStyle = `
.set-ups { list-style: none; margin: 10px 0 0; padding: 0; }
.set-ups li { padding: 2px 0; overflow-wrap: anywhere; }
table.compared { margin-top: 10px; }
table.compared th[scope=row] { min-width: 150px; max-width: 300px; overflow-wrap: anywhere; }
table.compared th[scope=row] .dim { display: block; }
table.compared thead th { white-space: normal; vertical-align: bottom; }
table.compared thead th .dim { display: block; font-weight: 400; }
table.compared td { min-width: 120px; overflow-wrap: anywhere; }
table.compared td .dim { display: block; }
table.compared .main { font-weight: 500; }

.courses, .strips { margin: 14px 0 6px; }
.course { display: grid; grid-template-columns: 44px 1fr; gap: 10px; align-items: center; padding: 2px 0; }
.course .track { position: relative; height: 22px; border-radius: 3px; background: var(--grid); overflow: hidden; }
.course .track > * { position: absolute; top: 0; bottom: 5px; }
.course .track > .held { top: auto; bottom: 0; height: 4px; }
.held { background: var(--fault-edge); }
.ticks { position: relative; height: 18px; font-size: 12px; color: var(--dim); font-variant-numeric: tabular-nums; }
.ticks > * { position: absolute; transform: translateX(-50%); white-space: nowrap; }
.courses .keys { margin-left: 54px; }

.strips h3 { margin: 14px 0 2px; font-weight: 500; }
.strip { display: grid; grid-template-columns: 44px 1fr 92px; gap: 10px; align-items: center; padding: 2px 0; }
.strip .track { position: relative; height: 16px; border-radius: 3px; background: var(--grid); }
.strip .track > * { position: absolute; }
.strip .fill { top: 0; bottom: 0; opacity: .3; border-radius: 3px; }
.strip .interval { top: 0; bottom: 0; background: var(--grid); border-radius: 3px; }
.strip .bracket { top: 7px; height: 2px; }
.strip .dot { top: 3px; width: 10px; height: 10px; margin-left: -5px; border-radius: 5px; }
.strip .dot.hollow { background: var(--card); border: 2px solid var(--dim); }
.strip .open { top: 3px; bottom: 3px; min-width: 8px; background: repeating-linear-gradient(135deg, var(--dim) 0 3px, transparent 3px 6px); border-left: 2px solid var(--dim); }
.strip .median { top: -1px; bottom: -1px; width: 2px; margin-left: -1px; background: var(--text); }
.strip .took { text-align: right; font-weight: 600; font-variant-numeric: tabular-nums; white-space: nowrap; }
.pairs { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 420px), 1fr)); gap: 0 28px; }

@media (max-width: 640px) {
  table.compared th[scope=row], table.compared td { min-width: 0; max-width: none; }
  table.compared td { padding: 2px 0; }
  table.compared td[data-label]::before { font-weight: 600; }
  table.compared td .dim, table.compared th[scope=row] .dim { display: inline; }
  .course { grid-template-columns: 34px 1fr; gap: 6px; }
  .strip { grid-template-columns: 34px 1fr 76px; gap: 6px; }
  .courses .keys { margin-left: 40px; }
}
`;
