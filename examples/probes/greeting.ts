import { commonHeaders, HttpProbe, type ProbeDefinition, pathOf, z } from 'brownout/probe';

const options = z.strictObject({ text: z.string().min(1) });

/** Asks for a page, and expects a greeting with the number of the process that gives it. */
export const probe: ProbeDefinition = {
  connections: ['new'],
  writes: false,
  options,
  create: (spec) => {
    const { text } = options.parse(spec.options);
    const url = new URL(spec.target);
    const request = `GET ${pathOf(url)} HTTP/1.1\r\n${commonHeaders(url, spec)}\r\n`;
    return new HttpProbe(
      spec,
      url,
      (response) => judge(response, text),
      () => request,
    );
  },
};

function judge({ status, body }: { status: number; body: Buffer }, text: string) {
  if (status !== 200) return { outcome: 'fail', error: 'status', status } as const;
  const [greeting, instance] = body.toString().trim().split(' from ');
  if (greeting !== text || !instance) return { outcome: 'fail', error: 'body', status } as const;
  return { outcome: 'ok', error: 'none', status, instance } as const;
}
