/** What a page of claims adds to the style sheets of the report and of a comparison. */
export const claimsStyle = `
.verdict.unrun { color: var(--dim); background: var(--grid); }
td .verdict, p .verdict { font-size: 13px; padding: 1px 10px; }
table.claims th[scope=row] { max-width: 46ch; overflow-wrap: anywhere; }
table.claims .on { display: inline-block; margin-right: 14px; white-space: nowrap; }
ul.numbers { list-style: none; margin: 2px 0; padding: 0; }
ul.numbers li { padding: 1px 0; overflow-wrap: anywhere; }
h2[id], h3[id] { scroll-margin-top: 12px; }
section > h2 { overflow-wrap: anywhere; }

@media (max-width: 640px) {
  ul.numbers { display: inline; }
  ul.numbers li { display: block; }
  ul.numbers .dim { display: inline; }
}
`;
