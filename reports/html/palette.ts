import { degradations } from '../../analysis/findings.ts';

/**
 * Colours with a meaning: red is only for failures; streams and classes of degradation have their own. Text has a contrast of at
 * least 4.5 : 1 to its background in both schemes.
 */
const light = {
  ground: '#f6f7f9',
  card: '#ffffff',
  line: '#dde1e7',
  text: '#1a1f27',
  dim: '#57606d',
  link: '#1556b8',
  pass: '#17713a',
  'pass-ground': '#e3f4e8',
  fail: '#b3211c',
  'fail-ground': '#fdeae8',
  unknown: '#7a5206',
  'unknown-ground': '#fdf2d6',
  fault: 'rgba(179, 33, 28, .07)',
  'fault-edge': 'rgba(179, 33, 28, .55)',
  bite: '#d6453f',
  grid: 'rgba(26, 31, 39, .09)',
  wait: '#6b8fc7',
  'stream-0': '#2563c9',
  'stream-1': '#0b8a84',
  'stream-2': '#7b4fc9',
  'stream-3': '#93690b',
  'stream-4': '#bf3a88',
  'stream-5': '#5b6b7d',
  full: '#b9dfc4',
  slow: '#f0d264',
  'read-only': '#e9a23b',
  stale: '#b48be0',
  partial: '#e67a3c',
  down: '#a81e19',
};

const dark: typeof light = {
  ground: '#11151b',
  card: '#1a2028',
  line: '#303946',
  text: '#e6eaf0',
  dim: '#a3aebd',
  link: '#86b6ff',
  pass: '#6fd394',
  'pass-ground': '#16341f',
  fail: '#ff9790',
  'fail-ground': '#451a18',
  unknown: '#f1c663',
  'unknown-ground': '#3d2f0c',
  fault: 'rgba(255, 120, 110, .10)',
  'fault-edge': 'rgba(255, 140, 130, .65)',
  bite: '#f0605a',
  grid: 'rgba(230, 234, 240, .10)',
  wait: '#5d83bf',
  'stream-0': '#79aefc',
  'stream-1': '#45c9c1',
  'stream-2': '#b69af7',
  'stream-3': '#d9b550',
  'stream-4': '#f291c7',
  'stream-5': '#a9b5c4',
  full: '#2b5a3a',
  slow: '#b89a2b',
  'read-only': '#c57f1f',
  stale: '#8a63b8',
  partial: '#d9662a',
  down: '#f0453d',
};

/** With more streams than this, colours repeat; each stream still has its own row. */
export const STREAM_COLOURS = 6;

const declare = (scheme: typeof light) =>
  Object.entries(scheme)
    .map(([name, colour]) => `--${name}: ${colour};`)
    .join(' ');

/** The colours as CSS variables on the root, following the reader's scheme. */
export const paletteStyle = `:root { color-scheme: light dark; ${declare(light)} }
@media (prefers-color-scheme: dark) { :root { ${declare(dark)} } }`;

/** Those of lines that are no stream's. */
const OTHERS = ['dim', 'bite', 'stream-0', 'stream-1'];

/** Colours of classes (`c-down`), streams (`s-0`) and other lines (`k-dim`), as the style's variables. */
export function swatches(): string {
  const classes = degradations.map((kind) => `.c-${kind} { background: var(--${kind}); }`);
  const streams = Array.from(
    { length: STREAM_COLOURS },
    (_, index) => `.s-${index} { background: var(--stream-${index}); }`,
  );
  const others = OTHERS.map((name) => `.k-${name} { background: var(--${name}); }`);
  return [...classes, ...streams, ...others].join('\n');
}
