// Tests what the language server of editors (yaml-language-server, over standard input and output) offers in a
// configuration.
//
//   node complete.mjs FOLDER        the folder holds embedq.schema.json
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createMessageConnection, StreamMessageReader, StreamMessageWriter } from 'vscode-jsonrpc/node.js';

const folder = resolve(process.argv[2]);
const modeline = '# yaml-language-server: $schema=embedq.schema.json\n';

const program = createRequire(import.meta.url).resolve('yaml-language-server/bin/yaml-language-server');
const server = spawn(process.execPath, [program, '--stdio'], { stdio: ['pipe', 'pipe', 'inherit'] });
const connection = createMessageConnection(
  new StreamMessageReader(server.stdout), new StreamMessageWriter(server.stdin));
const settings = { yaml: { completion: true, hover: true, validate: true, schemaStore: { enable: false } } };
const diagnosed = new Map();
connection.onRequest('workspace/configuration', ({ items }) => items.map(({ section }) => settings[section] ?? null));
connection.onRequest(() => null);
connection.onNotification(
  'textDocument/publishDiagnostics', ({ uri, diagnostics }) => diagnosed.get(uri)?.(diagnostics));
connection.listen();

await connection.sendRequest('initialize', {
  processId: process.pid,
  rootUri: pathToFileURL(folder).href,
  capabilities: {
    textDocument: { completion: { completionItem: { documentationFormat: ['markdown'] } } },
    workspace: { configuration: true },
  },
});
connection.sendNotification('initialized', {});
connection.sendNotification('workspace/didChangeConfiguration', { settings });

// Opens a document; its cursor is where '|' stands.
let opened = 0;
function open(text) {
  opened += 1;
  const uri = pathToFileURL(`${folder}/${opened}.yaml`).href;
  const [before, after = ''] = (modeline + text).split('|');
  const diagnostics = new Promise((done) => diagnosed.set(uri, done));
  connection.sendNotification('textDocument/didOpen', {
    textDocument: { uri, languageId: 'yaml', version: 1, text: before + after },
  });
  const lines = before.split('\n');
  return { textDocument: { uri }, position: { line: lines.length - 1, character: lines.at(-1).length }, diagnostics };
}

const problems = [];
async function offers(what, text, wanted, unwanted = []) {
  const { textDocument, position } = open(text);
  const { items } = await connection.sendRequest('textDocument/completion', { textDocument, position });
  const labels = items.map(({ label }) => label);
  const missing = wanted.filter((name) => !labels.includes(name));
  const extra = unwanted.filter((name) => labels.includes(name));
  console.log(`${what}: ${labels.join(', ')}`);
  if (missing.length > 0) problems.push(`${what}: ${missing.join(', ')} should be offered`);
  if (extra.length > 0) problems.push(`${what}: ${extra.join(', ')} should not be offered`);
}

await offers(
  'sections', 'version: 1\n|', ['store', 'notifier', 'providers', 'embedding', 'scheduler', 'services', 'logging']);
await offers('store plugins', 'version: 1\nstore:\n  plugin: |', ['memory', 'sqlite']);
await offers(
  'options of sqlite', 'version: 1\nstore:\n  plugin: sqlite\n  options:\n    |',
  ['path', 'synchronous'], ['interval']);
await offers('options of poll', 'version: 1\nnotifier:\n  plugin: poll\n  options:\n    |', ['interval'], ['path']);
await offers('choices', 'version: 1\nstore:\n  plugin: sqlite\n  options:\n    synchronous: |', ['normal', 'full']);
await offers('providers', 'version: 1\nproviders:\n  mine:\n    |', ['plugin', 'options', 'limits']);
await offers(
  'options of lexical', 'version: 1\nproviders:\n  mine:\n    plugin: lexical\n    options:\n      |',
  ['dimension'], ['latency']);

const key = open('version: 1\nscheduler:\n  lea|se: 20s\n');
const hover = await connection.sendRequest(
  'textDocument/hover', { textDocument: key.textDocument, position: key.position });
const shown = hover?.contents?.value ?? '';
console.log(`hover on lease: ${shown.split('\n')[0]}`);
if (!shown.includes('How long a worker holds a job'))
  problems.push(`the hover on scheduler.lease should show its help, but is '${shown}'`);

const marked = await open('version: 1\nstor: { plugin: sqlite }\n').diagnostics;
console.log(`marked: ${marked.map(({ message }) => message).join('; ')}`);
if (!marked.some(({ message }) => message.includes('stor'))) problems.push("the unknown key 'stor' should be marked");

const merged = await open(
  'version: 1\nproviders:\n  a: &a\n    plugin: lexical\n    options: { dimension: 128 }\n' +
    '  b:\n    <<: *a\n    limits: { concurrency: 2 }\n' +
    'embedding: { provider: a }\n').diagnostics;
console.log(`marked in a good file with a merge key: ${merged.map(({ message }) => message).join('; ') || 'nothing'}`);
if (merged.length > 0) problems.push('a merge key is good, but is marked');

await connection.sendRequest('shutdown');
connection.sendNotification('exit');
for (const problem of problems) console.error(`error: ${problem}`);
process.exitCode = problems.length > 0 ? 1 : 0;
