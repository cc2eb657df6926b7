/**
 * A strict reader of the XML that we write, and a check of it against what Jenkins's junit-10.xsd allows, written as a
 * table: the elements that there are, their attributes, and what may be in them.
 */

export interface Node {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly Node[];
  readonly text: string;
}

/** Reads a document. @throws Error for anything that is not well-formed */
export function parseXml(text: string): Node {
  const declaration = '<?xml version="1.0" encoding="UTF-8"?>\n';
  if (!text.startsWith(declaration)) throw new Error('no XML declaration');
  // eslint-disable-next-line no-control-regex
  const illegal = /[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|\p{Cs}/u.exec(text);
  if (illegal) throw new Error(`a character that XML does not have at ${illegal.index}`);
  const tokens = text
    .slice(declaration.length)
    .trimEnd()
    .matchAll(/<(\/?)([^<>]*?)(\/?)>|([^<>]+)|([^])/g);
  const root = { name: '', attributes: {}, children: [] as Node[], text: '' };
  const open = [root];
  for (const [whole, closing, tag, empty, characters, wrong] of tokens) {
    const top = open[open.length - 1];
    if (wrong !== undefined) throw new Error(`a bare "${wrong}"`);
    if (characters !== undefined) {
      if (characters.includes(']]>')) throw new Error(']]> in text');
      top.text += unescaped(characters);
      continue;
    }
    if (closing === '/') {
      if (open.length < 2 || top.name !== tag) throw new Error(`${whole} closes ${top.name}`);
      open.pop();
      continue;
    }
    const node = { ...startOf(tag), children: [], text: '' };
    top.children.push(node);
    if (empty === '') open.push(node);
  }
  if (open.length !== 1 || root.children.length !== 1 || root.text.trim() !== '') throw new Error('not one element');
  return root.children[0];
}

function startOf(tag: string): Pick<Node, 'name' | 'attributes'> {
  const match = /^([a-z][a-z-]*)((?: [a-z]+="[^"\n\t]*")*)$/.exec(tag);
  if (!match) throw new Error(`<${tag}> is no start of an element`);
  const pairs = [...match[2].matchAll(/ ([a-z]+)="([^"]*)"/g)].map(
    ([, name, value]) => [name, unescaped(value)] as const,
  );
  if (new Set(pairs.map(([name]) => name)).size < pairs.length) throw new Error(`an attribute twice in <${tag}>`);
  return { name: match[1], attributes: Object.fromEntries(pairs) };
}

const named: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

const unescaped = (text: string): string =>
  text.replace(/&([^;]*);?/g, (whole, entity: string) => {
    const code = /^#(\d+)$/.exec(entity)?.[1];
    const character = code === undefined ? named[entity] : String.fromCodePoint(Number(code));
    if (character === undefined || !whole.endsWith(';')) throw new Error(`${whole} is no reference`);
    return character;
  });

interface Rule {
  readonly required: readonly string[];
  readonly optional: readonly string[];
  /** Names of children; absent: text only. */
  readonly children?: readonly string[];
}

const counted = ['tests', 'failures', 'errors'];
const rules: Readonly<Record<string, Rule>> = {
  testsuites: { required: [], optional: ['name', 'time', ...counted], children: ['testsuite'] },
  testsuite: {
    required: ['name', ...counted],
    optional: 'group time skipped timestamp hostname id package file log url'.split(' '),
    children: ['testsuite', 'properties', 'testcase', 'system-out', 'system-err'],
  },
  properties: { required: [], optional: [], children: ['property'] },
  property: { required: ['name', 'value'], optional: [] },
  testcase: {
    required: ['name'],
    optional: ['time', 'classname', 'group'],
    children: ['skipped', 'error', 'failure', 'system-out', 'system-err'],
  },
  failure: { required: [], optional: ['type', 'message'] },
  error: { required: [], optional: ['type', 'message'] },
  skipped: { required: [], optional: ['type', 'message'] },
  'system-out': { required: [], optional: [] },
  'system-err': { required: [], optional: [] },
};

/** What is wrong with an element and all below it. */
export function junitProblems({ name, attributes, children, text }: Node): string[] {
  if (!Object.hasOwn(rules, name)) return [`there is no element ${name}`];
  const { required, optional, children: allowed } = rules[name];
  const given = Object.keys(attributes);
  return [
    ...required.filter((one) => !given.includes(one)).map((one) => `${name} lacks ${one}`),
    ...given.filter((one) => ![...required, ...optional].includes(one)).map((one) => `${name} has no ${one}`),
    ...(attributes.time !== undefined && !/^\d+\.\d{3}$/.test(attributes.time) ? [`time ${attributes.time}`] : []),
    ...counted.filter((one) => one in attributes && !/^\d+$/.test(attributes[one])).map((one) => `${one} is no count`),
    ...(allowed && text.trim() !== '' ? [`text in ${name}`] : []),
    ...children.flatMap((child) =>
      (allowed ?? []).includes(child.name) ? junitProblems(child) : [`${child.name} in ${name}`],
    ),
  ];
}

/** All elements of a name, at any depth. */
export const all = (node: Node, name: string): Node[] => [
  ...(node.name === name ? [node] : []),
  ...node.children.flatMap((child) => all(child, name)),
];
