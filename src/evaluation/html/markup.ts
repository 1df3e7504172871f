/** Text that is HTML already; everything else is escaped on its way into a template. */
export class Markup {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  toString(): string {
    return this.text;
  }
}

export type Content = Markup | string | number | readonly Content[];

/**
 * HTML or SVG from a template: `Markup` goes in as it is, lists are joined, strings are escaped for text and for
 * quoted attributes. Names come from files and brokers, so that escaping is what happens when nobody thinks of it.
 */
export function html(parts: TemplateStringsArray, ...values: readonly Content[]): Markup {
  let text = parts[0];
  for (let i = 0; i < values.length; i++) text += rendered(values[i]) + parts[i + 1];
  return new Markup(text);
}

/** Nothing, where a template has a part only sometimes. */
export const nothing = new Markup('');

function rendered(content: Content): string {
  if (content instanceof Markup) return content.text;
  if (typeof content === 'number') return String(content);
  if (typeof content === 'string') return escaped(content);
  return content.map(rendered).join('');
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (mark) => entities[mark]);
}
