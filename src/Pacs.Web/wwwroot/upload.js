// Uploading: what is there is shown first, by patients and studies, and whose it shall be is chosen; then it goes file by file, three at a time. What the server has already is not sent again, so an
// upload that was broken off goes on where it was. Documents for a study go at once.

import { filesOf, take } from './dropped.js';
import { begins, knownOf, read, unfold } from './medium.js';
import { Owner } from './owner.js';

const form = document.getElementById('upload');
const found = document.getElementById('upload-found');
const state = document.getElementById('upload-state');
const sum = state.querySelector('.upload-sum');
const bar = state.querySelector('progress');
const list = state.querySelector('.upload-list');
const again = state.querySelector('button');
const text = form.dataset;

const AT_ONCE = 3;
const TRIES = 3;
const RETRY = 3000;
const LEFT = 'pacs-upload';

let waiting = [];
let failed = [];
let running = 0;
let bytes = 0;
let doneBytes = 0;
let isBroken = false;
const count = { stored: 0, known: 0, skipped: 0, failed: 0 };
const moving = new Map();
const rows = new Map();
const fill = (pattern, ...values) => pattern.replace(/\{(\d)\}/g, (_, n) => values[n]);
const say = words => {
  if (sum.textContent !== words) {
    sum.textContent = words;
  }
};

form.hidden = false;

// ---- sending ---------------------------------------------------------------------------------------------------------------------------

const send = async item => {
  const body = await item.file.body();
  return new Promise((resolve, reject) => {
    const query = new URLSearchParams(item.query);
    query.set('handler', 'File');
    query.set('name', item.file.name.slice(0, 200));
    const request = new XMLHttpRequest(); // fetch does not tell how far it is
    request.open('POST', `hochladen?${query}`);
    request.responseType = 'json';
    request.setRequestHeader('Content-Type', 'application/octet-stream');
    request.upload.onprogress = e => {
      moving.set(item, e.loaded);
      show();
    };
    request.onload = () => request.status === 200 && request.response ? resolve(request.response) : reject(new Error(request.status));
    request.onerror = () => reject(new Error('offline'));
    request.send(body);
  });
};

const work = async item => {
  running++;
  try {
    const answer = await send(item);
    if (answer.mayRetry) {
      failed.push(item);
    }
    answer.lines.forEach(line => note(item, line));
    finish(item);
  } catch {
    moving.delete(item);
    running--;
    item.tries = (item.tries ?? 0) + 1;
    if (item.tries >= TRIES) {
      failed.push(item);
      note(item, { outcome: 'failed', reason: text.offline });
      running++;
      finish(item);
    } else {
      waiting.unshift(item);
      await reach();
    }
  }
};

const finish = item => {
  moving.delete(item);
  doneBytes += item.file.size;
  running--;
  remember();
  next();
};

// waits until the server can be reached; the items that were on their way wait with it
const reach = async () => {
  if (isBroken) {
    return;
  }
  isBroken = true;
  for (;;) {
    show();
    await new Promise(resolve => setTimeout(resolve, RETRY));
    const isThere = await knownOf([{ id: ['', '', '', ''] }], '').then(() => true, () => false);
    if (isThere) {
      break;
    }
  }
  isBroken = false;
  next();
};

const next = () => {
  while (running < AT_ONCE && waiting.length > 0 && !isBroken) {
    work(waiting.shift());
  }
  show();
};

// ---- what became of it ------------------------------------------------------------------------------------------------------------

// a study that was chosen has its line from the start; the page that it gets is known when its first file is there
const rowOf = (key, title, total = 0) => {
  let row = rows.get(key);
  if (!row) {
    row = { stored: 0, known: 0, failed: 0, total, element: document.createElement('li'), name: document.createElement('strong'), note: document.createElement('span') };
    row.name.textContent = title;
    row.note.className = 'aside';
    row.element.append(row.name, row.note);
    if (total > 0) {
      row.bar = document.createElement('progress');
      row.bar.setAttribute('aria-label', title);
      row.element.append(row.bar);
    }
    list.append(row.element);
    rows.set(key, row);
  }
  return row;
};

const tell = (row, reason) => {
  const done = row.stored + row.known + row.failed;
  row.note.textContent = reason ?? [
    row.total > 0 && fill(text.of, Math.min(done, row.total), row.total), row.stored && fill(text.stored, row.stored), row.known && fill(text.known, row.known), row.failed && fill(text.failed, row.failed),
  ].filter(Boolean).join(' · ');
  if (row.bar) {
    row.bar.value = Math.min(1, done / row.total);
    row.bar.hidden = done >= row.total;
  }
};

const link = (row, result) => {
  if (row.name.tagName !== 'A' && result.study) {
    const anchor = document.createElement('a');
    anchor.href = result.study;
    anchor.textContent = result.title ?? row.name.textContent;
    row.name.replaceWith(anchor);
    row.name = anchor;
  }
};

const note = (item, result) => {
  count[result.outcome]++;
  const own = item.row && rows.get(item.row);
  if (result.outcome === 'failed') {
    const row = rowOf(`failed ${item.file.path} ${result.reason}`, item.file.path || item.file.name);
    row.element.className = 'is-failed';
    tell(row, result.reason);
    if (own) {
      own.failed++;
      tell(own);
    }
  } else if (result.outcome !== 'skipped') {
    const row = own ?? rowOf(result.study, result.title ?? '');
    row[result.outcome]++;
    link(row, result);
    tell(row);
  }
};

const show = () => {
  const here = [...moving.values()].reduce((a, b) => a + b, 0);
  bar.value = bytes ? Math.min(1, (doneBytes + here) / bytes) : 0;
  const left = waiting.length + running;
  say([
    isBroken && left ? text.broken : left ? fill(text.progress, left) : text.done, count.stored && fill(text.stored, count.stored), count.known && fill(text.known, count.known),
    count.skipped && fill(text.skipped, count.skipped), count.failed && fill(text.failed, count.failed),
  ].filter(Boolean).join(' · '));
  bar.hidden = left === 0;
  again.hidden = left > 0 || failed.length === 0;
};

// what a reload leaves: how much was still to come, nothing about whose it is
const remember = () => {
  const left = waiting.length + running;
  if (left > 0) {
    sessionStorage.setItem(LEFT, JSON.stringify({ left, total: left + count.stored + count.known }));
  } else {
    sessionStorage.removeItem(LEFT);
  }
};

// ---- what is there ------------------------------------------------------------------------------------------------------------------

const clone = id => document.getElementById(id).content.firstElementChild.cloneNode(true);
let finds = [];

const showPatient = (studies, name) => {
  const element = clone('upload-patient');
  element.querySelector('.name').textContent = name || text.unread;
  element.querySelector('.born').textContent = studies[0].born ?? '';
  element.querySelector('.id').textContent = studies[0].patientId ? fill(text.number, studies[0].patientId) : '';
  const owner = new Owner(element.querySelector('.owner'), studies[0].family ?? '', () => recheck(patient));
  const patient = { element, owner, studies };
  for (const study of studies) {
    study.element = clone('upload-study');
    study.box = study.element.querySelector('input');
    study.title = [study.title, (study.modalities ?? []).join(', ')].filter(Boolean).join(' · ');
    study.element.querySelector('.title').textContent = study.title || text.unread;
    study.note = study.element.querySelector('.aside');
    study.box.addEventListener('change', showChosen);
    element.querySelector('ul').append(study.element);
  }
  found.querySelector('.finds').append(element);
  finds.push(patient);
  recheck(patient);
};

const recheck = async patient => {
  for (const study of patient.studies) {
    const known = await knownOf(study.items, patient.owner.number).catch(() => new Set());
    study.note.textContent = [
      fill(text.images, study.items.length), known.size && fill(text.known, known.size), study.named > study.items.length && fill(text.lost, study.named - study.items.length),
    ].filter(Boolean).join(' · ');
  }
};

const chosen = () => finds.flatMap(patient => patient.studies.filter(study => study.box.checked && study.items.length > 0));

const showChosen = () => {
  const start = found.querySelector('[data-start]');
  const number = chosen().reduce((n, study) => n + study.items.length, 0);
  start.textContent = fill(text.start, number);
  start.disabled = number === 0;
};

const look = async files => {
  state.hidden = true;
  const news = form.querySelector('.looking');
  news.textContent = text.looking;
  let contents;
  try {
    contents = await read(await unfold(files), (done, all) => { news.textContent = fill(text.lookingAt, done, all); });
  } catch {
    news.textContent = text.offline;
    return;
  }
  news.textContent = '';
  count.skipped += contents.skipped;
  if (contents.studies.length === 0) {
    news.textContent = text.empty;
    return;
  }
  const patients = new Map();
  for (const study of contents.studies) {
    const key = `${study.patientId}\n${study.patient ?? ''}`;
    patients.set(key, [...patients.get(key) ?? [], study]);
  }
  for (const studies of patients.values()) {
    showPatient(studies, studies[0].patient);
  }
  found.hidden = false;
  const studies = finds.flatMap(patient => patient.studies);
  found.querySelector('.found-sum').textContent = [
    contents.hasDirectory && text.directory, fill(text.sum, finds.length, studies.length, studies.reduce((n, study) => n + study.items.length, 0)), contents.skipped && fill(text.skipped, contents.skipped),
  ].filter(Boolean).join(' · ');
  showChosen();
  found.querySelector('h2').focus();
};

const forget = () => {
  finds = [];
  found.querySelector('.finds').replaceChildren();
  found.hidden = true;
};

const start = async () => {
  const wrong = finds.find(patient => patient.studies.some(study => study.box.checked) && !patient.owner.isComplete());
  if (wrong) {
    wrong.owner.complain(text.missing);
    return;
  }
  const button = found.querySelector('[data-start]');
  button.disabled = true;
  state.hidden = false;
  try {
    for (const patient of finds) {
      const query = patient.owner.query;
      for (const study of patient.studies.filter(one => one.box.checked && one.items.length > 0)) {
        const key = study.uid ? `${patient.owner.number} ${study.patientId}\n${study.uid}` : '';
        const who = patient.owner.shown || study.patient;
        const known = await knownOf(study.items, patient.owner.number);
        if (key) {
          const row = rowOf(key, [who, study.title].filter(Boolean).join(' · '), study.items.length);
          row.total = Math.max(row.total, study.items.length);
          row.known += known.size;
          tell(row);
        }
        count.known += known.size;
        for (const { file } of study.items.filter(item => !known.has(item))) {
          waiting.push({ file, query, row: key });
          bytes += file.size;
        }
      }
    }
  } catch {
    button.disabled = false;
    say(text.offline);
    return;
  }
  forget();
  remember();
  next();
  state.querySelector('h2').focus();
};

found.querySelector('[data-start]').addEventListener('click', start);
found.querySelector('[data-cancel]').addEventListener('click', () => {
  forget();
  document.getElementById('files').focus();
});

// ---- documents ------------------------------------------------------------------------------------------------------------------------

const addDocuments = async files => {
  state.hidden = false;
  let documents = 0;
  for (const file of await unfold(files)) {
    const head = await file.head(4);
    if (begins(head, 0x25, 0x50, 0x44, 0x46) || begins(head, 0xff, 0xd8, 0xff) || begins(head, 0x89, 0x50, 0x4e, 0x47)) {
      waiting.push({ file, query: new URLSearchParams({ studie: text.study }) });
      bytes += file.size;
      documents++;
    } else {
      count.skipped++;
    }
  }
  next();
  if (documents === 0) {
    say(text.other);
  }
};

// ---- where files come from ------------------------------------------------------------------------------------------------------------

const add = files => files.length === 0 ? null : text.study ? addDocuments(files) : look(files);

again.addEventListener('click', () => {
  for (const item of failed) {
    bytes += item.file.size;
    item.tries = 0;
    const own = item.row && rows.get(item.row);
    if (own) {
      own.failed = Math.max(0, own.failed - 1);
      tell(own);
    }
  }
  waiting.push(...failed);
  count.failed = 0;
  failed = [];
  for (const [key, row] of rows) {
    if (key.startsWith('failed ')) {
      row.element.remove();
      rows.delete(key);
    }
  }
  next();
});

for (const id of ['files', 'folder']) {
  document.getElementById(id)?.addEventListener('change', async e => {
    await add([...e.target.files].map(file => ({ file, path: file.webkitRelativePath || file.name })));
    e.target.value = '';
  });
}

document.addEventListener('dragover', e => {
  if (e.dataTransfer.types.includes('Files')) {
    e.preventDefault();
    document.body.classList.add('dragging');
  }
});
document.addEventListener('dragleave', e => e.relatedTarget || document.body.classList.remove('dragging'));
document.addEventListener('drop', async e => {
  e.preventDefault();
  document.body.classList.remove('dragging');
  add(await filesOf(e.dataTransfer));
});

addEventListener('beforeunload', e => {
  if (waiting.length + running > 0) {
    e.preventDefault();
  }
});

// an upload that a reload has ended
const left = JSON.parse(sessionStorage.getItem(LEFT) ?? 'null');
if (left && !text.study) {
  const notice = document.getElementById('upload-left');
  notice.hidden = false;
  notice.querySelector('span').textContent = fill(text.left, left.left, left.total);
  notice.querySelector('button').addEventListener('click', () => {
    sessionStorage.removeItem(LEFT);
    notice.hidden = true;
  });
}

// what was dropped on another page
if (new URL(location.href).searchParams.has('abgelegt')) {
  take().then(add);
}
