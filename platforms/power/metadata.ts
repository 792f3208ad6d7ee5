/** One parameter of a fence agent, as its metadata declares it. */
export interface FenceParameter {
  name: string;
  required: boolean;
  hasDefault: boolean;
  deprecated: boolean;
  /** The older name that this one replaces. */
  obsoletes: string | undefined;
  /** Allowed values; empty when free. */
  choices: string[];
  description: string;
}

/**
 * Reads the parameters out of a fence agent's metadata (the XML of ClusterLabs' Fence Agent API). The agents print it from
 * one library in one shape, so this reads that shape, not XML in general. Undefined when it is not such metadata.
 */
export function parseFenceMetadata(xml: string): FenceParameter[] | undefined {
  if (!xml.includes('<resource-agent')) return undefined;
  return [...xml.matchAll(/<parameter\s([^>]*)>([\s\S]*?)<\/parameter>/g)].map(([, head, body]) => {
    const attributes = readAttributes(head!);
    const content = /<content\s([^>]*?)\/?>/.exec(body!)?.[1] ?? '';
    return {
      name: attributes.name ?? '',
      required: attributes.required === '1',
      hasDefault: readAttributes(content).default !== undefined,
      deprecated: attributes.deprecated === '1',
      obsoletes: attributes.obsoletes,
      choices: [...body!.matchAll(/<option\s+([^>]*?)\/?>/g)].flatMap(([, text]) => readAttributes(text!).value ?? []),
      description: decode(/<shortdesc[^>]*>([\s\S]*?)<\/shortdesc>/.exec(body!)?.[1] ?? '').trim(),
    };
  });
}

function readAttributes(text: string): Record<string, string> {
  return Object.fromEntries(
    [...text.matchAll(/([\w-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g)].map(([, name, double, single]) => [
      name!,
      decode(double ?? single ?? ''),
    ]),
  );
}

const ENTITIES: Record<string, string> = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' };

function decode(text: string): string {
  return text.replace(/&(lt|gt|quot|apos|amp);/g, (_, name: string) => ENTITIES[name]!);
}
