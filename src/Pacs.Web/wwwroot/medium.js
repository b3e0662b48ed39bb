// What is on a medium, a folder or in a ZIP, before it is sent: studies by patients, by the DICOMDIR where there is one, else by the beginning of each file.

import { filesIn } from './zip.js';

const HEAD = 64 * 1024;
const LONG = ['OB', 'OD', 'OF', 'OL', 'OV', 'OW', 'SQ', 'SV', 'UC', 'UN', 'UR', 'UT', 'UV'];
const EXPLICIT = /^1\.2\.840\.10008\.1\.2(\.1(?!\.99)|\.4|\.5|\.7)/; // little endian with VR: native and all that is encapsulated; not deflated

const source = ({ file, path }) => ({
  path,
  name: file.name,
  size: file.size,
  head: async bytes => new Uint8Array(await file.slice(0, bytes).arrayBuffer()),
  body: async () => file,
});

/** All files, those in ZIPs too. */
export const unfold = async files => {
  const all = [];
  for (const one of files) {
    const start = new Uint8Array(await one.file.slice(0, 4).arrayBuffer());
    const inside = start[0] === 0x50 && start[1] === 0x4b && start[2] === 3 && start[3] === 4 ? await filesIn(one.file).catch(() => null) : null;
    all.push(...inside ?? [source(one)]);
  }
  return all;
};

export const begins = (start, ...codes) => codes.every((code, i) => start[i] === code);
const isZip = start => begins(start, 0x50, 0x4b, 3, 4);
const isPart10 = start => String.fromCharCode(...start.slice(128, 132)) === 'DICM';
// some old ones have no preamble
const isDicom = start => isPart10(start) || start[0] === 8 && start[1] === 0;

// ---- one file -------------------------------------------------------------------------------------------------------------------------

const ITEM = 0xfffee000;
const ITEM_END = 0xfffee00d;
const SEQUENCE_END = 0xfffee0dd;
const UNDEFINED = 0xffffffff;
const MAX_DEPTH = 8;

/** The elements of a data set (PS3.5 §7.1), as far as the bytes go. */
class Elements {
  constructor(bytes) {
    this.bytes = bytes;
    this.data = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  tag(at) {
    return at + 8 <= this.bytes.length ? this.data.getUint16(at, true) * 0x10000 + this.data.getUint16(at + 2, true) : -1;
  }

  text(at, length) {
    return new TextDecoder('latin1').decode(this.bytes.subarray(at, at + length)).replace(/[\0 ]+$/, '');
  }

  // null where it cannot be read, or begins behind the end
  at(at, isExplicit, depth = 0) {
    const tag = this.tag(at);
    const vr = String.fromCharCode(this.bytes[at + 4], this.bytes[at + 5]);
    const isLong = isExplicit && LONG.includes(vr);
    if (tag < 0 || depth > MAX_DEPTH || isExplicit && !/^[A-Z]{2}$/.test(vr) || isLong && at + 12 > this.bytes.length) {
      return null;
    }
    const length = isLong ? this.data.getUint32(at + 8, true) : isExplicit ? this.data.getUint16(at + 6, true) : this.data.getUint32(at + 4, true);
    const value = at + (isLong ? 12 : 8);
    const end = length === UNDEFINED ? this.afterItems(value, isExplicit && vr !== 'UN', depth + 1) : value + length;
    return end < 0 ? null : { tag, value, length, end };
  }

  // where a sequence of undefined length ends (PS3.5 §7.5); -1 when not here
  afterItems(at, isExplicit, depth) {
    for (;;) {
      const tag = this.tag(at);
      if (tag !== ITEM) {
        return tag === SEQUENCE_END ? at + 8 : -1;
      }
      const length = this.data.getUint32(at + 4, true);
      at += 8;
      if (length !== UNDEFINED) {
        at += length;
        continue;
      }
      while (this.tag(at) !== ITEM_END) {
        at = this.at(at, isExplicit, depth)?.end ?? -1;
        if (at < 0) {
          return -1;
        }
      }
      at += 8;
    }
  }
}

const WANTED = { 0x00080018: 'uid', 0x00100020: 'patient', 0x0020000d: 'study', 0x0020000e: 'series' };

const DIRECTORY = '1.2.840.10008.1.3.10'; // Media Storage Directory: a copy of a DICOMDIR, no image

// Patient ID, study, series and SOP Instance UID; null where this cannot tell, and then the server looks when it has the file
const identify = bytes => {
  if (!isPart10(bytes)) {
    return null;
  }
  const elements = new Elements(bytes);
  let syntax = '';
  let at = 132;
  for (let one; elements.tag(at) < 0x00030000 && (one = elements.at(at, true)); at = one.end) {
    if (one.tag === 0x00020002 && elements.text(one.value, one.length) === DIRECTORY) {
      return DIRECTORY;
    }
    syntax = one.tag === 0x00020010 ? elements.text(one.value, one.length) : syntax;
  }
  const isImplicit = syntax === '1.2.840.10008.1.2';
  if (!isImplicit && !EXPLICIT.test(syntax)) {
    return null;
  }
  const found = {};
  for (let one; elements.tag(at) <= 0x0020000e && (one = elements.at(at, !isImplicit)); at = one.end) {
    if (WANTED[one.tag] && one.end <= bytes.length) {
      found[WANTED[one.tag]] = elements.text(one.value, one.length);
    }
  }
  const isAscii = Object.values(found).every(value => /^[\x20-\x7e]*$/.test(value));
  return found.uid && found.study && found.series && isAscii ? { patient: '', ...found } : null;
};

// ---- all of them ------------------------------------------------------------------------------------------------------------------------

const ask = async blob => {
  const answer = await fetch('hochladen?handler=Look', { method: 'POST', body: blob, headers: { 'Content-Type': 'application/octet-stream' } });
  if (!answer.ok) {
    throw new Error(answer.status);
  }
  return answer.json();
};

// as ISO 9660 may show them: with a version, in small letters
const normal = path => path.toUpperCase().replace(/;\d+$/, '').replace(/\.$/, '');

/**
 * Reads what is there.
 * @returns the studies, each with its files, and how many files are no DICOM
 */
export const read = async (files, progress) => {
  const studies = new Map();
  let skipped = 0;
  const studyOf = (patient, uid) => {
    const key = `${patient}\n${uid}`;
    if (!studies.has(key)) {
      studies.set(key, { patientId: patient, uid, items: [], named: 0 });
    }
    return studies.get(key);
  };
  const left = new Map(files.map(file => [normal(file.path), file]));
  let hasDirectory = false;
  for (const file of files.filter(one => normal(one.name) === 'DICOMDIR')) {
    left.delete(normal(file.path));
    const base = normal(file.path).slice(0, -'DICOMDIR'.length);
    for (const study of await ask(await file.body())) {
      hasDirectory = true;
      const here = Object.assign(studyOf(study.patientId, study.uid), study);
      for (const one of study.files) {
        here.named++;
        const path = normal(base + one.path);
        if (left.has(path)) {
          here.items.push({ file: left.get(path), id: [study.patientId, study.uid, one.series, one.uid] });
          left.delete(path);
        }
      }
      // the standard leaves it to the medium whether its directory says birth dates
      if (!here.born && here.items.length > 0) {
        const [shown] = await ask(new Blob([await here.items[0].file.head(HEAD)]));
        here.born = shown?.born ?? '';
      }
    }
  }
  let done = 0;
  for (const file of left.values()) {
    const head = await file.head(HEAD);
    if (++done % 25 === 0) {
      progress(done, left.size);
    }
    if (isZip(head)) {
      studyOf('', '').items.push({ file });
      continue;
    }
    const id = isDicom(head) ? identify(head) : DIRECTORY;
    if (id === DIRECTORY) {
      skipped++;
    } else {
      const study = id ? studyOf(id.patient, id.study) : studyOf('', '');
      study.items.push({ file, id: id ? [id.patient, id.study, id.series, id.uid] : null });
      if (id && !study.patient) {
        const [shown] = await ask(new Blob([head]));
        Object.assign(study, shown ? { ...shown, files: undefined } : { patient: id.patient, born: '', family: '', title: '', modalities: [] }, { patientId: id.patient, uid: id.study });
      }
    }
  }
  return { studies: [...studies.values()].filter(study => study.items.length + study.named > 0), skipped, hasDirectory };
};

/** Which of a study's files are here already, for whom they shall belong to. */
export const knownOf = async (items, owner) => {
  const known = new Set();
  const asked = items.filter(item => item.id);
  for (let i = 0; i < asked.length; i += 2000) {
    const some = asked.slice(i, i + 2000);
    const answer = await fetch('hochladen?handler=Known', {
      method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ nr: owner, instances: some.map(item => item.id) }),
    });
    if (!answer.ok) {
      throw new Error(answer.status);
    }
    const bits = await answer.json();
    some.forEach((item, n) => bits[n] === '1' && known.add(item));
  }
  return known;
};
