// Uploading: files one by one, three at a time, what became of them by study. Each file is sent whole; what fails is tried again and can be started again.

import { filesOf, take } from './dropped.js';

const form = document.getElementById('upload');
const state = document.getElementById('upload-state');
const sum = state.querySelector('.upload-sum');
const bar = state.querySelector('progress');
const list = state.querySelector('.upload-list');
const again = state.querySelector('button');
const text = form.dataset;

const AT_ONCE = 3;
const TRIES = 3;

let waiting = [];
let failed = [];
let running = 0;
let bytes = 0;
let doneBytes = 0;
let stored = 0;
let known = 0;
let skipped = 0;
let refused = 0;
const moving = new Map();
const studies = new Map();
const fill = (pattern, ...values) => pattern.replace(/\{(\d)\}/g, (_, n) => values[n]);

form.hidden = false;

// ---- what is there to be sent ------------------------------------------------------------------------------------------------------

// a folder is full of other things: only what begins like DICOM or a ZIP, and documents where there is a study for them
const isWanted = async file => {
  const start = new Uint8Array(await file.slice(0, 132).arrayBuffer());
  const begins = (...codes) => codes.every((code, i) => start[i] === code);
  const isDocument = begins(0x25, 0x50, 0x44, 0x46) || begins(0xff, 0xd8, 0xff) || begins(0x89, 0x50, 0x4e, 0x47);
  if (text.study) {
    return isDocument;
  }
  const isDicom = String.fromCharCode(...start.slice(128, 132)) === 'DICM' || start[0] === 8 && start[1] === 0; // some old ones have no preamble
  return isDicom && file.name.toUpperCase() !== 'DICOMDIR' || begins(0x50, 0x4b, 3, 4);
};

// ---- sending ---------------------------------------------------------------------------------------------------------------------------

const owner = () => {
  const query = new URLSearchParams();
  if (text.study) {
    query.set('studie', text.study);
  } else if (form.elements.owner.value === 'assign') {
    for (const name of ['Nr', 'LastName', 'FirstName', 'Born', 'Sex']) {
      query.set(name, form.elements[name].value);
    }
  }
  return query;
};

const send = item => new Promise((resolve, reject) => {
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
  request.send(item.file);
});

const work = async item => {
  running++;
  for (let attempt = 1; ; attempt++) {
    try {
      const answer = await send(item);
      if (answer.mayRetry) {
        failed.push(item);
      }
      answer.lines.forEach(line => note(item, line));
      break;
    } catch (error) {
      if (attempt >= TRIES) {
        failed.push(item);
        note(item, { outcome: 'failed', reason: text.offline });
        break;
      }
      await new Promise(resolve => setTimeout(resolve, 1000 * attempt * attempt));
    }
  }
  moving.delete(item);
  doneBytes += item.file.size;
  running--;
  next();
};

const next = () => {
  while (running < AT_ONCE && waiting.length > 0) {
    work(waiting.shift());
  }
  show();
};

// ---- what became of it ------------------------------------------------------------------------------------------------------------

const line = (key, title, href) => {
  let row = studies.get(key);
  if (!row) {
    row = { stored: 0, known: 0, element: document.createElement('li') };
    const name = document.createElement(href ? 'a' : 'strong');
    name.textContent = title;
    if (href) {
      name.href = href;
    }
    row.note = document.createElement('span');
    row.note.className = 'aside';
    row.element.append(name, row.note);
    list.append(row.element);
    studies.set(key, row);
  }
  return row;
};

const note = (item, result) => {
  if (result.outcome === 'skipped') {
    skipped++;
  } else if (result.outcome === 'failed') {
    refused++;
    const row = line(`failed ${item.file.name} ${result.reason}`, item.file.webkitRelativePath || item.file.name);
    row.element.className = 'is-failed';
    row.note.textContent = result.reason;
  } else {
    const row = line(result.study, result.title ?? '', result.study);
    row[result.outcome]++;
    row.note.textContent = [row.stored && fill(text.stored, row.stored), row.known && fill(text.known, row.known)].filter(Boolean).join(' · ');
    stored += result.outcome === 'stored' ? 1 : 0;
    known += result.outcome === 'known' ? 1 : 0;
  }
};

const show = () => {
  const here = [...moving.values()].reduce((a, b) => a + b, 0);
  bar.value = bytes ? Math.min(1, (doneBytes + here) / bytes) : 0;
  const left = waiting.length + running;
  const parts = [left ? fill(text.progress, left) : text.done, stored && fill(text.stored, stored), known && fill(text.known, known), skipped && fill(text.skipped, skipped), refused && fill(text.failed, refused)];
  const words = parts.filter(Boolean).join(' · ');
  if (sum.textContent !== words) {
    sum.textContent = words;
  }
  bar.hidden = left === 0;
  again.hidden = left > 0 || failed.length === 0;
};

const add = async files => {
  const query = owner();
  if (query.has('Nr') && !(query.get('Nr').trim() && query.get('LastName').trim())) {
    sum.textContent = text.missing;
    state.hidden = false;
    form.elements[query.get('Nr').trim() ? 'LastName' : 'Nr'].focus();
    return;
  }
  state.hidden = false;
  let found = 0;
  for (const file of files) {
    if (await isWanted(file)) {
      waiting.push({ file, query });
      bytes += file.size;
      found++;
    } else {
      skipped++;
    }
    if (found % 50 === 49) {
      next();
    }
  }
  next();
  if (found === 0) {
    sum.textContent = text.study ? text.other : text.empty;
  }
};

again.addEventListener('click', () => {
  for (const item of failed) {
    bytes += item.file.size;
  }
  waiting.push(...failed);
  refused = 0;
  failed = [];
  for (const [key, row] of studies) {
    if (key.startsWith('failed ')) {
      row.element.remove();
      studies.delete(key);
    }
  }
  next();
});

for (const id of ['files', 'folder']) {
  document.getElementById(id)?.addEventListener('change', e => {
    add([...e.target.files]).then(() => { e.target.value = ''; });
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

// the patient whose number was typed
form.elements.Nr?.addEventListener('change', async () => {
  const answer = await fetch(`hochladen?handler=Patient&nr=${encodeURIComponent(form.elements.Nr.value)}`).catch(() => null);
  const patient = answer?.ok ? await answer.json() : null;
  if (patient) {
    for (const [name, value] of [['LastName', patient.lastName], ['FirstName', patient.firstName], ['Born', patient.born], ['Sex', patient.sex]]) {
      form.elements[name].value = value;
    }
  }
});

// what was dropped on another page
if (new URL(location.href).searchParams.has('abgelegt')) {
  take().then(files => files.length && add(files));
}
