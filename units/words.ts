/** The first words of a list that may be long, and how many more there are: `w1, w2, … and 1 998 more`. */
export function few(
  words: readonly string[],
  { most = 12, joint = ', ' }: { most?: number; joint?: string } = {},
): string {
  if (words.length <= most) return words.join(joint);
  const more = String(words.length - most).replace(/\B(?=(\d{3})+$)/g, ' ');
  return `${words.slice(0, most).join(joint)}${joint.trimEnd()} … and ${more} more`;
}
