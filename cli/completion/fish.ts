import { type Offer, place } from './offers.ts';

/** In single quotes, where fish knows two escapes. */
const quoted = (text: string) => `'${text.replaceAll(/[\\']/g, (character) => `\\${character}`)}'`;

export function fish(offers: Offer[]): string {
  const places = offers.filter(({ at }) => at.length > 0).map((offer) => quoted(place(offer)));
  return `function __brownout_at
    set -l at
    set -l words (commandline -opc)
    for word in $words[2..]
        switch "$at $word"
            case ${places.join(' ')}
                set at "$at $word"
        end
    end
    test "$at" = "$argv[1]"
end
${offers.flatMap(linesOf).join('\n')}
`;
}

function linesOf(offer: Offer): string[] {
  const start = `complete -c brownout -n ${quoted(`__brownout_at ${quoted(place(offer))}`)}`;
  const options = offer.options.map(({ words, about, value }) => {
    const names = words.map((word) => (word.startsWith('--') ? `-l ${word.slice(2)}` : `-s ${word.slice(1)}`));
    const follows = value === 'none' ? '' : value === 'file' ? ' -r -F' : ` -x -a ${quoted(value.join(' '))}`;
    return `${start} ${names.join(' ')}${follows} -d ${quoted(about)}`;
  });
  return [
    ...offer.commands.map(({ word, about }) => `${start} -f -a ${quoted(word)} -d ${quoted(about)}`),
    ...(offer.words.length > 0 ? [`${start} -f -a ${quoted(offer.words.join(' '))}`] : []),
    ...options,
  ];
}
