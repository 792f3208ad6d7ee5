/**
 * Pages on disk, opened in a real browser, and what can be wrong with any of them. They are closed when the test ends that opened them; of one that
 * failed is told first what stood there.
 */
import { afterEach, type TestContext } from 'node:test';
import { pathToFileURL } from 'node:url';
import { type Browser, type BrowserContextOptions, chromium, type Page } from '@playwright/test';

let browser: Browser | undefined;

export async function startBrowser(): Promise<void> {
  browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] });
}

export async function stopBrowser(): Promise<void> {
  await browser?.close();
}

interface Opened {
  page: Page;
  /** Everything that went wrong, and every request for something that is not in the file. */
  complaints: string[];
}

const opened: Opened[] = [];

afterEach(async (context) => {
  // Node's own types do not have it.
  const test = context as TestContext & { passed: boolean };
  for (const { page, complaints } of opened.splice(0)) {
    if (!test.passed) {
      // biome-ignore lint/performance/useDomNodeTextContent: as it was seen, without what stands in scripts
      const text = await page.innerText('body', { timeout: 10_000 }).catch((error: Error) => error.message);
      test.diagnostic(
        `${page.url()} showed ${JSON.stringify(text.slice(0, 2000))}; complaints: ${complaints.join('; ')}`,
      );
    }
    await page.context().close();
  }
});

export async function open(file: string, options: BrowserContextOptions = {}): Promise<Opened> {
  const context = await browser!.newContext(options);
  const page = await context.newPage();
  // On a busy machine half a minute is not enough for one of Allure's pages.
  page.setDefaultTimeout(120_000);
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('dialog', (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
  page.on('request', (request) => {
    if (!/^(file|data|blob):/.test(request.url())) complaints.push(`request: ${request.url()}`);
  });
  opened.push({ page, complaints });
  await page.goto(pathToFileURL(file).href);
  return { page, complaints };
}

export const scrollsSideways = (page: Page) =>
  page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);

/** Texts with a contrast of less than 4.5 : 1 to the nearest painted background. Runs in the page. */
export function poorContrast(): string[] {
  const parse = (colour: string) => colour.match(/[\d.]+/g)!.map(Number);
  const luminance = ([r, g, b]: number[]) => {
    const linear = [r!, g!, b!].map((c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * linear[0]! + 0.7152 * linear[1]! + 0.0722 * linear[2]!;
  };
  const ground = (element: Element | null): number[] => {
    for (let at = element; at; at = at.parentElement) {
      const colour = parse(getComputedStyle(at).backgroundColor);
      if ((colour[3] ?? 1) === 1) return colour;
    }
    return [255, 255, 255];
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const poor: string[] = [];
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement!;
    if (!walker.currentNode.textContent?.trim() || element.closest('script, noscript, style')) continue;
    const [a, b] = [luminance(parse(getComputedStyle(element).color)), luminance(ground(element))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5)
      poor.push(`${ratio.toFixed(2)} ${element.className} ${walker.currentNode.textContent.trim().slice(0, 40)}`);
  }
  return poor;
}
