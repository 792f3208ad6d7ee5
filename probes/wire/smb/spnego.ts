/** NTLM's tokens in SPNEGO (RFC 4178): as little DER as that takes. */
import { SmbProtocolError } from './errors.ts';

const SPNEGO = Buffer.from('06062b0601050502', 'hex');
const NTLMSSP = Buffer.from('060a2b06010401823702020a', 'hex');

const tag = { sequence: 0x30, octets: 0x04, application: 0x60, context: (n: number) => 0xa0 | n };
/** Fields of a NegTokenInit and of a NegTokenResp: the mechanism's token, and what proves that nobody changed the offered mechanisms. */
const TOKEN = 2;
const MIC = 3;

function der(type: number, ...contents: Buffer[]): Buffer {
  const content = Buffer.concat(contents);
  const { length } = content;
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([type, ...size]), content]);
}

/** What is offered: NTLM alone. */
export const mechanisms = der(tag.sequence, NTLMSSP);

export function firstToken(token: Buffer): Buffer {
  const init = der(tag.sequence, der(tag.context(0), mechanisms), der(tag.context(TOKEN), der(tag.octets, token)));
  return der(tag.application, SPNEGO, der(tag.context(0), init));
}

/** `mic`: the mechanism's own signature of `mechanisms`. Servers ask for it where the token has a MIC of its own. */
export function nextToken(token: Buffer, mic: Buffer): Buffer {
  const fields = [der(tag.context(TOKEN), der(tag.octets, token)), der(tag.context(MIC), der(tag.octets, mic))];
  return der(tag.context(1), der(tag.sequence, ...fields));
}

/** The token in a server's NegTokenResp. Throws SmbProtocolError. */
export function tokenIn(answer: Buffer): Buffer {
  const response = contentOf(answer, tag.context(1));
  let fields = contentOf(response, tag.sequence);
  while (fields.length > 0) {
    const field = elementAt(fields);
    if (field.type === tag.context(TOKEN)) return contentOf(field.content, tag.octets);
    fields = fields.subarray(field.end);
  }
  throw new SmbProtocolError('no token in the security answer');
}

function contentOf(bytes: Buffer, type: number): Buffer {
  const element = elementAt(bytes);
  if (element.type !== type) throw new SmbProtocolError('the security answer is no SPNEGO');
  return element.content;
}

function elementAt(bytes: Buffer): { type: number; content: Buffer; end: number } {
  const [type, first] = bytes;
  if (type === undefined || first === undefined) throw new SmbProtocolError('the security answer breaks off');
  const sizeBytes = first < 0x80 ? 0 : first & 0x7f;
  // A frame is shorter than what three bytes can say.
  if (sizeBytes > 3 || bytes.length < 2 + sizeBytes || first === 0x80) {
    throw new SmbProtocolError('the security answer has a bad length');
  }
  const from = 2 + sizeBytes;
  const length = sizeBytes === 0 ? first : bytes.readUIntBE(2, sizeBytes);
  if (bytes.length < from + length) throw new SmbProtocolError('the security answer breaks off');
  return { type, content: bytes.subarray(from, from + length), end: from + length };
}
