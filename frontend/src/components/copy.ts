/**
 * Puts a text on the clipboard. Browsers lend the modern way only to secure
 * pages; a dashboard over plain HTTP needs the old one.
 */
export async function copyText(text: string): Promise<void> {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const area = document.createElement('textarea');
  area.value = text;
  area.style.position = 'fixed';
  area.style.opacity = '0';
  document.body.append(area);
  area.select();
  document.execCommand('copy');
  area.remove();
  return undefined;
}

/** The text on the clipboard; empty where the browser does not let pages read it. */
export async function pastedText(): Promise<string> {
  try {
    return (await navigator.clipboard?.readText()) ?? '';
  } catch {
    return ''; // the person, or the browser for everyone, said no
  }
}
