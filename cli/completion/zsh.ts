import { type Offer, place, placesOf, quoted, valuesOf } from './offers.ts';

const described = (word: string, about: string) => quoted(`${word}:${about.replaceAll(':', '\\:')}`);

/** Works both by `eval` and as a file `_brownout` in a folder of `$fpath`. */
export function zsh(offers: Offer[]): string {
  const values = valuesOf(offers).map(
    ({ pattern, value }) =>
      `    ${pattern}) ${value === 'file' ? '_files' : `compadd -- ${value.map(quoted).join(' ')}`}; return ;;`,
  );
  const places = offers.map((offer) => {
    const commands = offer.commands.map(({ word, about }) => described(word, about)).join(' ');
    const options = offer.options.flatMap(({ words, about }) => words.map((word) => described(word, about))).join(' ');
    return `    ${quoted(place(offer))}) commands=(${commands}) options=(${options}) choices=(${offer.words.map(quoted).join(' ')}) ;;`;
  });
  return `#compdef brownout
_brownout() {
  local at= i
  local -a commands options choices
  for ((i = 2; i < CURRENT; i++)); do
    case "$at \${words[i]}" in
      ${placesOf(offers)}) at+=" \${words[i]}" ;;
    esac
  done
  case "$at \${words[CURRENT - 1]}" in
${values.join('\n')}
  esac
  case "$at" in
${places.join('\n')}
  esac
  if [[ \${words[CURRENT]} == -* ]]; then
    _describe option options
  elif (( $#commands )); then
    _describe command commands
  elif (( $#choices )); then
    compadd -- $choices
  else
    _files
  fi
}
if [[ "\${funcstack[1]}" == _brownout ]]; then _brownout "$@"; else compdef _brownout brownout; fi
`;
}
