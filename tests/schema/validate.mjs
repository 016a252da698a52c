// Checks YAML files against the configuration's JSON Schema, with a public validator.
//
//   node validate.mjs SCHEMA GOOD_FOLDER… -- BROKEN_FOLDER
//
// Every good file must be valid. Every broken one must be invalid, unless its comment "# Schema: …" gives the reason
// why no schema can find its fault; then it must be valid, so that no such comment outlives its reason.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import Ajv from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { parseDocument } from 'yaml';

const [schemaFile, ...folders] = process.argv.slice(2);
const broken = folders.pop();
if (folders.pop() !== '--') throw new Error('usage: validate.mjs SCHEMA GOOD_FOLDER… -- BROKEN_FOLDER');

const problems = [];
const schema = JSON.parse(readFileSync(schemaFile, 'utf8'));
const ajv = new Ajv.default({ strict: true, allowUnionTypes: true, allErrors: true });
addFormats.default(ajv);
const valid = ajv.compile(schema);

// Every key must have a description, which editors show beside it.
function expectDescriptions(node, path) {
  for (const [name, property] of Object.entries(node.properties ?? {})) {
    if (!property.description) problems.push(`${path}.${name} has no description in the schema`);
    expectDescriptions(property, `${path}.${name}`);
  }
  for (const rule of node.allOf ?? []) expectDescriptions(rule.then, `${path}[${rule.if.properties.plugin.const}]`);
  for (const key of ['items', 'additionalProperties']) {
    if (typeof node[key] === 'object') expectDescriptions(node[key], `${path}.*`);
  }
}
expectDescriptions(schema, 'schema');

// What is wrong with a file; nothing when it is good.
function complaint(file) {
  const document = parseDocument(readFileSync(file, 'utf8'), { merge: true });
  if (document.errors.length > 0) return document.errors[0].message;
  let value;
  try {
    value = document.toJS();
  } catch (error) {
    return error.message;
  }
  return valid(value) ? null : ajv.errorsText(valid.errors);
}

const yamlFiles = (folder) =>
  readdirSync(folder).filter((name) => name.endsWith('.yaml')).map((name) => join(folder, name));
const counts = { good: 0, seen: 0, unseen: 0 };

for (const file of folders.flatMap(yamlFiles)) {
  const problem = complaint(file);
  if (problem !== null) problems.push(`${file} is good, but the schema refuses it: ${problem}`);
  counts.good += 1;
}
for (const file of yamlFiles(broken)) {
  const reason = readFileSync(file, 'utf8').match(/^# Schema: (.+)$/m)?.[1];
  const problem = complaint(file);
  if (problem === null && !reason)
    problems.push(`${file} is broken, but the schema accepts it; a comment "# Schema: …" must give the reason`);
  if (problem !== null && reason)
    problems.push(`${file} has a reason why no schema can find its fault ("${reason}"), but this one does: ${problem}`);
  counts[reason ? 'unseen' : 'seen'] += 1;
  const verdict = problem === null ? `accepted (${reason ?? 'no reason is given'})` : problem.split('\n')[0];
  console.log(`${file}: ${verdict}`);
}
if (counts.good === 0 || counts.seen === 0) problems.push('there was nothing to check');

console.log(
  `${counts.good} good files are valid; of the broken ones ${counts.seen} are invalid, ` +
    `${counts.unseen} have a fault that no schema can find`);
for (const problem of problems) console.error(`error: ${problem}`);
process.exitCode = problems.length > 0 ? 1 : 0;
