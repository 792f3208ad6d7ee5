/** Claims in a terminal: each with its verdict, and why. */
import type { ClaimsResult, ClaimVerdict } from '../../analysis/claims/result.ts';
import { joined, type Piece, painter, type Styled, styled } from '../../output/terminal.ts';
import { contentOf } from './content.ts';

const STYLES: Record<ClaimVerdict, 'green' | 'red' | 'yellow' | 'dim'> = {
  holds: 'green',
  'does not hold': 'red',
  unknown: 'yellow',
  'not run': 'dim',
};

export function renderClaims(result: ClaimsResult, { color }: { color: boolean }): Styled {
  const paint = painter(color);
  const { title, lead, claims, counts } = contentOf(result);
  const width = Math.max(...counts.map(({ verdict }) => verdict.length));
  const lines: Piece[] = [styled`${paint('bold', title)}`, lead];
  for (const { claim, verdict, platforms, unanswered } of claims) {
    lines.push('', styled`${paint(STYLES[verdict], verdict.padEnd(width))}  ${claim}`);
    if (unanswered !== undefined) lines.push(styled`${' '.repeat(width)}  ${unanswered}`);
    else
      for (const one of platforms)
        lines.push(styled`${' '.repeat(width)}  ${one.platform}: ${one.verdict}: ${one.reason}`);
  }
  lines.push('', counts.map(({ verdict, count }) => `${verdict}: ${count}`).join(', '));
  return joined(lines, '\n');
}
