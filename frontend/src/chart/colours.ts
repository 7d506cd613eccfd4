/** The colours of series, as styles/tokens.css has them. */
const shades = 10;

/** The colour of the nth line; lines beyond the palette repeat it. */
export const colourOf = (index: number, other: boolean): string =>
  other ? 'var(--series-other)' : `var(--series-${(index % shades) + 1})`;

/** What a colour variable is at the moment: a canvas knows no variables. */
export function resolved(colour: string, element: Element): string {
  const name = /^var\((--[\w-]+)\)$/.exec(colour)?.[1];
  return name ? getComputedStyle(element).getPropertyValue(name).trim() : colour;
}
