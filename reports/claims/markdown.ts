/** Claims and what was measured of them as Markdown, for a repository or a paper's appendix. */
import type { ClaimsResult } from '../../analysis/claims/result.ts';
import type { Cell } from '../compare/say.ts';
import { inline } from '../markdown.ts';
import { type Beside, type ClaimContent, contentOf, type Measured } from './content.ts';

/** Ends without a newline. */
export function renderClaimsMarkdown(result: ClaimsResult): string {
  const { title, about, lead, notes, counts, claims, configurations } = contentOf(result);
  return [
    `# ${inline(title)}`,
    inline(about),
    inline(`${lead} ${counts.map(({ verdict, count }) => `${verdict}: ${count}`).join(', ')}.`),
    ...notes.map((note) => `> ${inline(note)}`),
    '## In short',
    table(
      ['Claim', 'As a whole', 'By platform'],
      claims.map(({ claim, verdict, platforms }) => [
        inline(claim),
        verdict,
        platforms.map((one) => inline(`${one.platform}: ${one.verdict}`)).join('<br>') || '–',
      ]),
    ),
    ...claims.flatMap(sectionOf),
    ...(configurations.length > 0 ? ['## Configurations'] : []),
    ...configurations.map(({ id, name, entries }) =>
      [`${id}. ${inline(name)}`, ...entries.map((entry) => `   - ${inline(`${entry.name}: ${entry.value}`)}`)].join(
        '\n',
      ),
    ),
  ].join('\n\n');
}

function sectionOf({ claim, verdict, restsOn, platforms, unanswered, measured, beside }: ClaimContent): string[] {
  const said =
    unanswered === undefined
      ? platforms.map((one) => `- ${inline(`${one.platform}: ${one.verdict}: ${one.reason}`)}`)
      : [`- ${inline(`not answered: ${unanswered}`)}`];
  return [
    `## ${inline(claim)}`,
    [`**${verdict}**`, '', `- ${inline(`rests on: ${restsOn}`)}`, ...said].join('\n'),
    ...(measured.length > 0
      ? [table(['Scenario', 'Platform', 'Verdict', 'Numbers', 'n', 'Configuration', 'Recordings'], measured.map(rowOf))]
      : []),
    ...(beside.length > 0 ? [table(['Number', 'Of', 'Beside', 'Verdict', 'What differs'], beside.map(besideRow))] : []),
  ];
}

function rowOf(one: Measured): string[] {
  const { title, file, platform, verdict, reason, n, numbers, configuration, runs, outdated } = one;
  const old = outdated.length > 0 ? [inline(`of another version: ${outdated.join(', ')}`)] : [];
  return [
    `${inline(title)}<br>${inline(file)}`,
    inline(platform),
    verdict === undefined ? 'decides nothing' : `${verdict}<br>${inline(reason)}`,
    numbers.map(({ name, value }) => `${inline(name)}: ${textOf(value)}`).join('<br>') || '–',
    n === undefined ? '–' : String(n),
    configuration === undefined ? '–' : String(configuration),
    [...runs.map(({ id, counted }) => inline(counted ? id : `(${id})`)), ...old].join('<br>') || '–',
  ];
}

function besideRow({ name, wanted, sides, verdict, reason, ratio, differences }: Beside): string[] {
  return [
    `${inline(name)}<br>${inline(`holds if ${wanted}`)}`,
    ...sides.map(({ title, platform, value }) => `${textOf(value)}<br>${inline(`${title}, ${platform}`)}`),
    [verdict, inline(reason), ...(ratio === undefined ? [] : [inline(ratio)])].join('<br>'),
    differences.map(inline).join('<br>') || '–',
  ];
}

const textOf = ({ main, details }: Cell) => [main, ...details].map(inline).join('; ');

function table(head: string[], rows: string[][]): string {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
