/**
 * A program that is called k6 and does to us what k6 does, or what it should not: it sends nothing, and measures nothing. What is tested with it is how the
 * suite starts, reads and ends such a program. What k6 itself does is tested where there is one (k6.test.ts).
 */
import { chmod, writeFile } from 'node:fs/promises';
import path from 'node:path';

const PROGRAM = String.raw`
const { appendFileSync, openSync, readFileSync, writeSync } = require('node:fs');
const argv = process.argv.slice(2);
if (argv[0] === 'version') {
  console.log('k6 v2.2.0 (go1.26.1, linux/amd64)');
  process.exit(0);
}
const script = readFileSync(0, 'utf8');
const does = /does = "(\w+)"/.exec(script)[1];
const out = openSync(argv[argv.indexOf('--out') + 1].slice('json='.length), 'w');
const put = (text) => writeSync(out, text + '\n');
const point = (metric, value, tags = {}, time = new Date().toISOString()) =>
  put(JSON.stringify({ metric, type: 'Point', data: { time, value, tags } }));
const request = (tags, time) => {
  point('http_reqs', 1, tags, time);
  point('http_req_duration', 5, tags, time);
  point('http_req_blocked', 1, tags, time);
  appendFileSync('sent', '.');
};
const ok = { status: '200', expected_response: 'true' };
const end = (code) => {
  console.log('brownout-summary ' + JSON.stringify({ state: {}, metrics: { http_reqs: { type: 'counter', values: { count: 1 } } } }));
  process.exit(code);
};
appendFileSync('heard', JSON.stringify({ argv, env: process.env }) + '\n');
if (does === 'well' || does === 'thresholds' || does === 'complaining') {
  if (does === 'complaining')
    for (let i = 0; i < 2; i++) console.error('time="x" level=error msg="Error: no such vote\\n\\tat file:///-:2:3(7)\\n" executor=constant-vus scenario=default source=stacktrace');
  for (let i = 0; i < 20; i++) request(ok);
  request({ status: '503', error_code: '1503', expected_response: 'false' });
  for (const number of [0, 1, 2, 7]) point('acknowledged', number);
  if (does === 'thresholds') console.error('time="x" level=error msg="thresholds on metrics \'x\' have been crossed"');
  point('dropped_iterations', 3);
  end(does === 'thresholds' ? 99 : 0);
} else if (does === 'endless' || does === 'deaf') {
  process.on('SIGINT', () => does === 'endless' && end(105));
  setInterval(() => request(ok), 20);
} else if (does === 'garbage') {
  for (let i = 0; i < 1000; i++) put('\u0000 garbage ' + i);
  console.log('garbage everywhere');
} else if (does === 'astray') {
  request(ok);
  request(ok, '9999-12-31T23:59:59Z');
  request(ok, '1999-01-01T00:00:00Z');
  point('dropped_iterations', 1e15);
  end(0);
} else if (does === 'leaving') {
  request(ok);
  const goesOn = 'setInterval(() => { require("node:fs").appendFileSync("sent", "."); console.log("noise"); }, 20)';
  require('node:child_process').spawn(process.execPath, ['-e', goesOn], { stdio: 'inherit' });
  end(0);
} else if (does === 'nothing') {
  console.log('I am done');
} else if (does === 'long') {
  for (let i = 0; i < 400; i++) writeSync(out, 'x'.repeat(65536));
  setInterval(() => {}, 1000);
} else {
  console.error('time="2026-01-31T12:00:00Z" level=error msg="ReferenceError: x is not defined"');
  process.exit(107);
}
`;

/** Writes it, and returns its path. It hears the script's word: `export const does = 'well'`. */
export async function standIn(folder: string): Promise<string> {
  const file = path.join(folder, 'k6');
  await writeFile(file, `#!${process.execPath}\n${PROGRAM}`);
  await chmod(file, 0o755);
  return file;
}
