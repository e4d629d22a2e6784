// Checks a marketplace's journal from its public files alone. Node.js 18 or newer, no packages.
//
//   node check-journal.mjs SOURCE [--key FILE] [--checkpoint FILE]... [--need REFERENCE]... [--receipt FILE]...
//                                 [--receipt-key FILE] [--every-checkpoint]
//
// SOURCE is the service's address, or a folder with copies of the files under its /journal/, and of
// /needs/REFERENCE/register.json for the needs to check.
// --key               the journal's public key that you saved; without it the key that SOURCE shows is believed
// --checkpoint        a checkpoint that you saved (a file may hold several, one after the other)
// --need              check that need's public lines, each hashed again and found in the tree, and its closed register
// --receipt           check a bid's receipt, and find its line in the tree; with --need, in the need's lines too
// --receipt-key       the public key of receipts that you saved; without it the one that SOURCE shows is believed
// --every-checkpoint  check all checkpoints that SOURCE keeps
//
// Ends with 0 when everything agrees, 1 when something does not, 2 when it cannot tell.

import { createHash, createPublicKey, verify } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const WIDTH = 256;
const LINE = ['number', 'at', 'event', 'actor', 'organisation', 'role', 'subject', 'need', 'authority', 'details',
  'previous_hash'];
const FACTS = ['reference', 'need_ref', 'bid_ref', 'bid_version', 'received_at', 'manifest_hash', 'format', 'key_id'];
const PROOF = ['journal_position', 'journal_line', 'tree_size', 'root', 'inclusion'];

class Disagrees extends Error {}
class CannotTell extends Error {}

const insist = (holds, words) => { if (!holds) throw new Disagrees(words); };
const sha256 = (...parts) => parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest();
const leafOf = (lineHash) => sha256(Buffer.of(0), Buffer.from(lineHash, 'hex'));
const nodeOf = (left, right) => sha256(Buffer.of(1), left, right);
const isHash = (text) => typeof text === 'string' && /^[0-9a-f]{64}$/.test(text);

// -- where the files are

function sourceOf(given) {
  if (/^https?:\/\//.test(given)) {
    const base = new URL('/journal/', given);
    return async (name) => {
      const answer = await fetch(new URL(name, base));
      if (answer.status === 404) return null;
      if (!answer.ok) throw new CannotTell(`${answer.url} answered ${answer.status}`);
      return Buffer.from(await answer.arrayBuffer());
    };
  }
  if (!existsSync(given)) throw new CannotTell(`there is no folder ${given}`);
  return async (name) => (existsSync(join(given, name)) ? readFileSync(join(given, name)) : null);
}

async function needed(read, name) {
  const content = await read(name);
  if (content === null) throw new CannotTell(`${name} is missing`);
  return content;
}

// -- signed notes (c2sp.org/signed-note and c2sp.org/tlog-checkpoint)

function readKey(text) {
  const [, name, id, encoded] = /^([^+\s]+)\+([0-9a-f]{8})\+(\S+)\s*$/.exec(text) ?? [];
  const content = Buffer.from(encoded ?? '', 'base64');
  if (content.length !== 33 || content[0] !== 1) throw new CannotTell('the key of the journal cannot be read');
  const expected = sha256(name, '\n', content).subarray(0, 4).toString('hex');
  insist(id === expected, 'the key of the journal does not fit its own mark');
  const der = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), content.subarray(1)]);
  return { name, id, key: createPublicKey({ key: der, format: 'der', type: 'spki' }) };
}

function readCheckpoint(note, log, what) {
  const gap = note.lastIndexOf('\n\n');
  insist(gap > 0 && note.endsWith('\n'), `${what} is no signed note`);
  const body = note.slice(0, gap + 1);
  const [origin, size, root] = body.split('\n');
  insist(origin === log.name, `${what} is of another log, ${origin}`);
  const isSigned = note.slice(gap + 2).split('\n').some((line) => {
    const [, name, encoded] = /^— (\S+) (\S+)$/.exec(line) ?? [];
    if (name !== log.name) return false;
    const content = Buffer.from(encoded, 'base64');
    const isOurs = content.subarray(0, 4).toString('hex') === log.id && content.toString('base64') === encoded;
    return isOurs && verify(null, Buffer.from(body), log.key, content.subarray(4));
  });
  insist(isSigned, `${what} is not signed by the key of the journal`);
  const content = Buffer.from(root ?? '', 'base64');
  insist(/^(0|[1-9]\d*)$/.test(size) && content.length === 32, `${what} cannot be read`);
  return { size: Number(size), root: content, what };
}

function savedCheckpoints(files, log) {
  return files.flatMap((file) => {
    const text = readFileSync(file, 'utf8').replaceAll('\r\n', '\n');
    const notes = text.match(/[^\n][^]*?\n\n(?:— [^\n]*\n)+/g) ?? [];
    if (!notes.length) throw new CannotTell(`${file} holds no checkpoint`);
    return notes.map((note) => readCheckpoint(note, log, `the checkpoint in ${file}`));
  });
}

async function keptCheckpoints(read, log) {
  const kept = [];
  for (let number = 1; ; number += 1) {
    const note = await read(`checkpoints/${number}`);
    if (note === null) return kept;
    kept.push(readCheckpoint(note.toString('utf8'), log, `checkpoint ${number}`));
  }
}

// -- the tree (RFC 6962, section 2.1)

class Tree {
  constructor(watched = []) {
    this.leaves = [];
    this.frontier = [];
    this.roots = new Map([...watched].map((size) => [size, this.root()])); // right for size 0 already
  }

  append(leaf) {
    let node = leaf;
    for (let size = this.leaves.length; size % 2 === 1; size = (size - 1) / 2) node = nodeOf(this.frontier.pop(), node);
    this.frontier.push(node);
    this.leaves.push(leaf);
    if (this.roots.has(this.leaves.length)) this.roots.set(this.leaves.length, this.root());
  }

  root() {
    return this.frontier.length ? this.frontier.reduceRight((right, left) => nodeOf(left, right)) : sha256('');
  }
}

function tileName(level, number, width) {
  const text = String(number);
  const groups = text.padStart(Math.ceil(text.length / 3) * 3, '0').match(/.{3}/g);
  const place = groups.map((each, at) => (at < groups.length - 1 ? `x${each}` : each)).join('/');
  return `tile/${level}/${place}${width < WIDTH ? `.p/${width}` : ''}`;
}

async function readLevel(read, level, count, each) {
  for (let first = 0; first < count; first += WIDTH) {
    const width = Math.min(WIDTH, count - first);
    const name = tileName(level, first / WIDTH, width);
    const tile = await needed(read, name);
    insist(tile.length === width * 32, `${name} has ${tile.length} bytes instead of ${width * 32}`);
    for (let at = 0; at < tile.length; at += 32) each(tile.subarray(at, at + 32), name);
  }
}

async function readTree(read, size, watched) {
  const tree = new Tree(watched);
  await readLevel(read, 0, size, (hash) => tree.append(hash));
  let below = tree.leaves; // the tiles of each level must be what the level below makes them
  for (let level = 1; below.length >= WIDTH; level += 1) {
    const expected = [];
    for (let end = WIDTH; end <= below.length; end += WIDTH) {
      const part = new Tree();
      below.slice(end - WIDTH, end).forEach((hash) => part.append(hash));
      expected.push(part.root());
    }
    let at = 0;
    await readLevel(read, level, expected.length, (hash, name) => {
      insist(hash.equals(expected[at]), `${name} is not what the hashes below it make it`);
      at += 1;
    });
    below = expected;
  }
  return tree;
}

function includedRoot(leaf, index, size, path) { // RFC 9162, section 2.1.3.2
  let [here, last, found] = [index, size - 1, leaf];
  if (!(here >= 0 && here <= last)) return null;
  for (const each of path) {
    if (last === 0) return null;
    if (here % 2 === 1 || here === last) {
      found = nodeOf(each, found);
      while (here > 0 && here % 2 === 0) [here, last] = [here / 2, Math.floor(last / 2)];
    } else {
      found = nodeOf(found, each);
    }
    [here, last] = [Math.floor(here / 2), Math.floor(last / 2)];
  }
  return last === 0 ? found : null;
}

// -- lines and receipts

function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  return `{${Object.keys(value).sort().map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`).join(',')}}`;
}

function readCanonical(content, what) {
  let value = null;
  try { value = JSON.parse(content.toString('utf8')); } catch { /* told below */ }
  const isObject = value !== null && typeof value === 'object' && !Array.isArray(value);
  insist(isObject && content.equals(Buffer.from(canonical(value))), `${what} is not as it was written`);
  return value;
}

function checkLines(file, reference, tree) {
  insist(file.format === 'need-lines/1' && file.need === reference, `the file of ${reference} is of something else`);
  const lines = new Map();
  let before = 0;
  for (const line of file.lines) {
    const what = `line ${line.number} of ${reference}`;
    insist(Number.isInteger(line.number) && line.number > before, `${what} is out of order`);
    before = line.number;
    const content = JSON.stringify(['market-journal-1', ...LINE.map((name) => line[name])]);
    insist(sha256(content).toString('hex') === line.hash, `${what} does not match its hash`);
    const isThere = line.number <= tree.leaves.length && tree.leaves[line.number - 1].equals(leafOf(line.hash));
    insist(isThere, `${what} is not in the tree`);
    insist(line.need === reference, `${what} is of another need`);
    lines.set(line.number, line);
  }
  return { lines, isOpened: file.opened_at !== null };
}

const CAME_IN = ['BidSubmitted', 'DraftTakenAsBid'];

// The bids that count, as the lines say: for each the newest version that came in, unless it was withdrawn.
function countingBids(lines) {
  const counting = new Map();
  for (const line of lines.values()) {
    if (CAME_IN.includes(line.event)) counting.set(line.subject, JSON.parse(line.details).version);
    if (line.event === 'BidWithdrawn') counting.delete(line.subject);
  }
  return counting;
}

// The register's root is in the journal since before the opening; after it, the receipts' leaves must lead to it.
async function checkRegister(read, reference, need) {
  const closed = [...need.lines.values()].filter((line) => line.event === 'RegisterClosed').at(-1);
  if (!closed) return null;
  const register = readCanonical(await needed(read, `/needs/${reference}/register.json`), `the register of ${reference}`);
  const isThat = register.format === 'bid-register/1' && register.need_ref === reference;
  insist(isThat && register.root === JSON.parse(closed.details).root, `the register of ${reference} is not that of line ${closed.number}`);
  if (!need.isOpened) return null;
  const tree = new Tree();
  tree.append(leafOf(register.blinding));
  register.receipts.forEach((leaf) => tree.append(Buffer.from(leaf, 'hex')));
  insist(tree.root().toString('hex') === register.root, `the receipts in the register of ${reference} do not make its root`);
  const expected = countingBids(need.lines).size;
  insist(register.receipts.length === expected, `the register of ${reference} has ${register.receipts.length} receipts, the lines ${expected} bids`);
  return new Set(register.receipts);
}

function readReceiptKey(pem) {
  const key = createPublicKey(pem);
  if (key.asymmetricKeyType !== 'ed25519') throw new CannotTell('the key of receipts cannot be read');
  return { key, id: sha256(key.export({ format: 'der', type: 'spki' }).subarray(-32)).toString('hex') };
}

function readReceipt(content, signer, what) {
  const { signature, ...signed } = readCanonical(content, what);
  const isHex = typeof signature === 'string' && /^[0-9a-f]{128}$/.test(signature);
  const isSigned = isHex && verify(null, Buffer.from(canonical(signed)), signer.key, Buffer.from(signature, 'hex'));
  insist(isSigned && signed.key_id === signer.id, `${what} was altered, or another key signed it`);
  const hasProof = signed.format === 'bid-receipt/3';
  const names = hasProof ? [...FACTS, ...PROOF] : FACTS;
  const unknown = Object.keys(signed).filter((name) => !names.includes(name) && name !== 'journal_position');
  const isKnown = /^bid-receipt\/[123]$/.test(signed.format) && !unknown.length && names.every((name) => name in signed);
  insist(isKnown, `${what} is no receipt that this program knows`);
  return { facts: signed, hasProof, leaf: sha256(Buffer.of(0), content).toString('hex') };
}

function checkReceipt(facts, leaf, tree, needs, what) {
  const { journal_position: number, journal_line: line, tree_size: size, root, inclusion } = facts;
  insist([line, root, ...inclusion].every(isHash), `the proof of ${what} cannot be read`);
  const found = includedRoot(leafOf(line), number - 1, size, inclusion.map((each) => Buffer.from(each, 'hex')));
  insist(found?.toString('hex') === root, `the proof of ${what} does not lead to its root`);
  const { length } = tree.leaves;
  insist(size <= length, `${what} knows ${size} lines, the newest checkpoint only ${length}. If the receipt is older than `
    + 'a minute, the journal was cut short or taken back');
  insist(tree.roots.get(size).toString('hex') === root, `${what} was given a tree that the journal does not have`);
  insist(tree.leaves[number - 1].equals(leafOf(line)), `the line of ${what} is not in the journal`);
  const need = needs.get(facts.need_ref);
  if (!need?.isOpened) return `line ${number} of the journal is its own`;
  const told = need.lines.get(number);
  insist(told, `the line of ${what} is not among the lines of ${facts.need_ref}`);
  const says = JSON.parse(told.details);
  const isSame = CAME_IN.includes(told.event) && told.hash === line && told.subject === facts.bid_ref
    && says.version === facts.bid_version && says.received_at === facts.received_at
    && says.manifest_hash === facts.manifest_hash;
  insist(isSame, `line ${number} does not say what ${what} says`);
  if (need.register && countingBids(need.lines).get(facts.bid_ref) === facts.bid_version) {
    insist(need.register.has(leaf), `${what} counts, and is not in the register of ${facts.need_ref}`);
    return `line ${number} of the journal says the same, and the closed register has it`;
  }
  return `line ${number} of the journal says the same`;
}

// -- from the command line

function readArguments(given) {
  const asked = { source: '', key: [], checkpoint: [], need: [], receipt: [], 'receipt-key': [], every: false };
  for (let at = 0; at < given.length; at += 1) {
    const name = given[at].replace(/^--/, '');
    if (given[at] === '--every-checkpoint') asked.every = true;
    else if (given[at] !== name && Array.isArray(asked[name]) && at + 1 < given.length) asked[name].push(given[at += 1]);
    else if (given[at] === name && !asked.source) asked.source = name;
    else throw new CannotTell(`what is ${given[at]}? Read the first lines of this program`);
  }
  if (!asked.source) throw new CannotTell('name the service or folder to check. Read the first lines of this program');
  return asked;
}

async function savedOr(read, saved, name) {
  if (saved.length) return readFileSync(saved[0], 'utf8');
  console.log(`Believing the ${name} that is shown today. Save it, and name your copy the next time.`);
  return (await needed(read, name)).toString('utf8');
}

async function main() {
  const asked = readArguments(process.argv.slice(2));
  const read = sourceOf(asked.source);
  const tell = (words) => console.log(words);
  const log = readKey(await savedOr(read, asked.key, 'key'));
  const newest = readCheckpoint((await needed(read, 'checkpoint')).toString('utf8'), log, 'the newest checkpoint');
  const earlier = savedCheckpoints(asked.checkpoint, log);
  if (asked.every) earlier.push(...await keptCheckpoints(read, log));
  for (const { size, what } of earlier) {
    insist(size <= newest.size, `${what} has ${size} lines, the journal only ${newest.size} now: it was cut short or taken back`);
  }
  const signer = asked.receipt.length ? readReceiptKey(await savedOr(read, asked['receipt-key'], 'receipt-key.pem')) : null;
  const receipts = asked.receipt.map((file) => ({ file, ...readReceipt(readFileSync(file), signer, file) }));

  const watched = [...earlier.map((each) => each.size), ...receipts.map((each) => each.facts.tree_size ?? 0)];
  const tree = await readTree(read, newest.size, watched);
  insist(tree.root().equals(newest.root), 'the leaves do not make the root of the newest checkpoint');
  tell(`The newest checkpoint is signed, and its ${newest.size} lines make its root.`);
  for (const { size, root, what } of earlier) {
    insist(tree.roots.get(size).equals(root), `${what} has another root for the first ${size} lines: the past was changed`);
  }
  if (earlier.length) tell(`Earlier checkpoints that are the beginning of this journal: ${earlier.length}.`);

  const needs = new Map();
  for (const reference of asked.need) {
    if (!/^[A-Za-z0-9-]+$/.test(reference)) throw new CannotTell(`${reference} is no reference`);
    const file = readCanonical(await needed(read, `needs/${reference}.json`), `the file of ${reference}`);
    const need = checkLines(file, reference, tree);
    need.register = await checkRegister(read, reference, need);
    needs.set(reference, need);
    if (need.register) tell(`${reference}: the register closed before the opening has ${need.register.size} receipts, one for each bid.`);
    tell(`${reference}: ${file.lines.length} public lines match their hashes and are in the tree.`);
  }
  for (const { file, facts, hasProof, leaf } of receipts) {
    const outcome = hasProof ? checkReceipt(facts, leaf, tree, needs, file) : 'it is older than proofs of its line';
    tell(`${facts.reference}: genuine; ${outcome}.`);
  }
  tell('Everything agrees.');
}

main().catch((fault) => {
  const isFound = fault instanceof Disagrees;
  console.log(`${isFound ? 'DOES NOT AGREE' : 'Cannot tell'}: ${fault.message}.`);
  process.exitCode = isFound ? 1 : 2;
});
