import { type Offer, place, placesOf, quoted, valuesOf } from './offers.ts';

/** Descriptions have no place in bash. Without an answer it offers files, by `-o default`. */
export function bash(offers: Offer[]): string {
  const values = valuesOf(offers).map(
    ({ pattern, value }) =>
      `    ${pattern}) ${value === 'file' ? 'return' : `COMPREPLY=($(compgen -W ${quoted(value.join(' '))} -- "$current")); return`} ;;`,
  );
  const places = offers.map((offer) => {
    const words = [...offer.commands.map(({ word }) => word), ...offer.words].join(' ');
    const options = offer.options.flatMap((option) => option.words).join(' ');
    return `    ${quoted(place(offer))}) words=${quoted(words)} options=${quoted(options)} ;;`;
  });
  return `_brownout() {
  local current=\${COMP_WORDS[COMP_CWORD]} at= words= options= i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$at \${COMP_WORDS[i]}" in
      ${placesOf(offers)}) at+=" \${COMP_WORDS[i]}" ;;
    esac
  done
  COMPREPLY=()
  case "$at \${COMP_WORDS[COMP_CWORD - 1]}" in
${values.join('\n')}
  esac
  case "$at" in
${places.join('\n')}
  esac
  if [[ $current == -* ]]; then words=$options; fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o bashdefault -o default -F _brownout brownout
`;
}
