/** Runs side by side as Markdown, for a pull request, an issue or a paper's appendix. */
import type { Comparison } from '../../analysis/comparison/comparison.ts';
import { inline } from '../markdown.ts';
import { cautionsOf, leadOf, titleOf } from './head.ts';
import { type Column, sectionsOf, type Table } from './sections.ts';

/** Ends without a newline. */
export function renderMarkdown(comparison: Comparison): string {
  const blocks = [
    `# ${inline(titleOf(comparison))}`,
    inline(leadOf(comparison)),
    comparison.setUps
      .map(({ letter, label, platform }) => `- **${letter}** ${inline(`${label} (${platform})`)}`)
      .join('\n'),
    ...cautionsOf(comparison).map((text) => `> ${inline(text)}`),
    ...sectionsOf(comparison).flatMap(({ title, notes, tables }) => [
      `## ${inline(title)}`,
      ...notes.map(inline),
      ...tables.flatMap(tableOf),
    ]),
  ];
  return blocks.join('\n\n');
}

function tableOf({ caption, corner, columns, rows }: Table): string[] {
  const head = [corner, ...columns.map(columnOf)];
  const lines = rows.map(({ name, hint, values }) => [
    hint === '' ? inline(name) : `${inline(name)} (${inline(hint)})`,
    ...values.map(({ main, details }) => [main, ...details].map(inline).join('<br>')),
  ]);
  const table = [head, head.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
  return caption === undefined ? [table] : [`### ${inline(caption)}`, table];
}

function columnOf({ short, long }: Column): string {
  return long === '' ? inline(short) : `${inline(short)}: ${inline(long)}`;
}
