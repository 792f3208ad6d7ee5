/** What can be typed after a command. Whatever is no word of these is a file, and files the shells know themselves. */
export interface Offer {
  /** The subcommand, `['lab', 'up']`; empty for `brownout` itself. */
  at: string[];
  commands: { word: string; about: string }[];
  options: Completion[];
  /** What its arguments may be, where they are no files. */
  words: readonly string[];
}

export interface Completion {
  /** The same option: `--cluster`, `-c`. */
  words: string[];
  about: string;
  /** What follows it. */
  value: 'none' | 'file' | readonly string[];
}

/** ` lab up`, ` run`: how the scripts remember which command they are at. Nothing for `brownout` itself. */
export const place = ({ at }: Pick<Offer, 'at'>) => at.map((word) => ` ${word}`).join('');

/** In single quotes, for bash and zsh. */
export const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;

/** What follows an option, by the pattern of a `case` on the place and the word before: `' lab up --timers'`. */
export function valuesOf(offers: Offer[]): { pattern: string; value: 'file' | readonly string[] }[] {
  return offers.flatMap((offer) =>
    offer.options.flatMap(({ words, value }) =>
      value === 'none' ? [] : [{ pattern: words.map((word) => quoted(`${place(offer)} ${word}`)).join(' | '), value }],
    ),
  );
}

/** The pattern of all places but `brownout` itself. */
export const placesOf = (offers: Offer[]) =>
  offers
    .filter(({ at }) => at.length > 0)
    .map((offer) => quoted(place(offer)))
    .join(' | ');
