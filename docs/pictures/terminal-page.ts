import { html, Markup } from '../../reports/html/markup.ts';

/** How the escape codes of `styleText` look: those that begin a style, and what ends them. */
const STYLES: Record<string, string> = {
  1: 'font-weight: bold',
  2: 'opacity: 0.65',
  31: 'color: #ff7b72',
  32: 'color: #7ee787',
  33: 'color: #e3b341',
  36: 'color: #79c0ff',
};

/** A page that shows what a terminal shows: `command` at a prompt, and its coloured output. */
export function terminalPage(command: string, output: string): string {
  return html`<!doctype html>
<meta charset="utf-8">
<style>
body { margin: 0; background: #0d1117; color: #e6edf3; }
pre { margin: 0; padding: 16px 4px 0 20px; width: max-content; font: 14px/1.4 'DejaVu Sans Mono', monospace; }
</style>
<pre>$ <b>${command}</b>
${styled(output)}</pre>`.text;
}

/** Throws for a code that it does not know: a picture would show less than the terminal. */
function styled(output: string): Markup[] {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  const [plain = '', ...parts] = output.split(/\x1b\[(\d+)m/);
  const pieces: Markup[] = [html`${plain}`];
  let open = 0;
  for (let i = 0; i < parts.length; i += 2) {
    const [code, text] = [parts[i]!, parts[i + 1]!];
    const style = STYLES[code];
    if (style !== undefined) {
      open++;
      pieces.push(html`${new Markup(`<span style="${style}">`)}${text}`);
    } else if (open > 0) {
      open--;
      pieces.push(html`${new Markup('</span>')}${text}`);
    } else {
      throw new Error(`the escape code ${code} has no style here`);
    }
  }
  return pieces;
}
