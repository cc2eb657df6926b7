/** As much XML as a report needs: elements, attributes, text. Everything is escaped here and nowhere else. */

/** An element, or its text at some depth. */
export interface Element {
  text(indent?: string): string;
}

/** @param content child elements, or text */
export function element(
  name: string,
  attributes: Readonly<Record<string, string | number | boolean>>,
  content: readonly Element[] | string = [],
): Element {
  const head = [
    name,
    ...Object.entries(attributes).map(([key, value]) => `${key}="${attributeText(String(value))}"`),
  ].join(' ');
  return {
    text(indent = '') {
      if (content.length === 0) return `${indent}<${head}/>`;
      if (typeof content === 'string') return `${indent}<${head}>${escaped(content)}</${name}>`;
      const inner = content.map((child) => child.text(`${indent}  `)).join('\n');
      return `${indent}<${head}>\n${inner}\n${indent}</${name}>`;
    },
  };
}

/** Characters that XML 1.0 can't hold in any form, lone surrogates among them. */
// eslint-disable-next-line no-control-regex
const ILLEGAL = /[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|\p{Cs}/gu;

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

const escaped = (text: string): string =>
  text
    .replace(ILLEGAL, '\ufffd')
    .replace(/[&<>"]/g, (character) => entities[character])
    .replaceAll('\r', '&#13;');

/** A parser turns line ends and tabs of an attribute into spaces, unless they are written as references. */
const attributeText = (text: string): string => escaped(text).replaceAll('\n', '&#10;').replaceAll('\t', '&#9;');
