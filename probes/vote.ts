import { z } from 'zod';
import { commonHeaders, expectation, HttpProbe, judge, pathOf, targetUrl } from './http.ts';
import type { ProbeDefinition } from './probe.ts';

const options = z.strictObject({
  ...expectation,
  contains: expectation.contains.default('Processed by container ID'),
  instance: expectation.instance.default('Processed by container ID ([\\w.-]+)'),
  /** The choice that is voted for. */
  choice: z
    .string()
    .regex(/^[\w-]+$/)
    .default('a'),
});

/**
 * One vote by one voter: POST with the cookie `voter_id=<idPrefix><seq>`. Acknowledged when the page that comes back says
 * who processed it. Every probe is a voter of its own, so each acknowledged vote can be looked for by its id.
 */
export const vote: ProbeDefinition = {
  connections: ['new', 'reused'],
  writes: true,
  options,
  create: (spec) => {
    const { choice, ...wanted } = options.parse(spec.options);
    const url = targetUrl(spec.target, wanted.path);
    const body = `vote=${choice}`;
    const head = [
      `POST ${pathOf(url)} HTTP/1.1`,
      `${commonHeaders(url, spec)}Content-Type: application/x-www-form-urlencoded`,
      `Content-Length: ${body.length}`,
      `Cookie: voter_id=${spec.idPrefix}`,
    ].join('\r\n');
    return new HttpProbe(spec, url, judge(wanted), (seq) => `${head}${seq}\r\n\r\n${body}`);
  },
};
