// Files on their way from the page on which somebody dropped them to the page for uploading: the browser keeps them in between, and forgets them when they are taken.

const MAX_AGE = 5 * 60 * 1000;

const open = () => new Promise((resolve, reject) => {
  const request = indexedDB.open('pacs-dropped', 1);
  request.onupgradeneeded = () => request.result.createObjectStore('files', { autoIncrement: true });
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
});

const run = async work => {
  const database = await open();
  try {
    return await new Promise((resolve, reject) => {
      const transaction = database.transaction('files', 'readwrite');
      const result = work(transaction.objectStore('files'));
      transaction.oncomplete = () => resolve(result.result);
      transaction.onerror = transaction.onabort = () => reject(transaction.error);
    });
  } finally {
    database.close();
  }
};

const walk = async entry => {
  if (entry.isFile) {
    // a file that was dropped does not know its folder
    return [{ file: await new Promise((resolve, reject) => entry.file(resolve, reject)), path: entry.fullPath.slice(1) }];
  }
  const reader = entry.createReader();
  const files = [];
  for (;;) {
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) {
      return files;
    }
    for (const child of some) {
      files.push(...await walk(child));
    }
  }
};

/** All files of a drop with their paths, those in folders too. Must be called while the event is being handled. */
export const filesOf = transfer => {
  const entries = [...transfer.items].map(item => item.webkitGetAsEntry?.()).filter(Boolean);
  const loose = entries.length ? [] : [...transfer.files].map(file => ({ file, path: file.name }));
  return Promise.all(entries.map(walk)).then(found => [...found.flat(), ...loose]);
};

/** Keeps files for the next page. */
export const keep = files => run(store => {
  store.clear();
  return store.add({ at: Date.now(), files });
});

/** Takes what was kept; an empty list when there is nothing, or it is too old to be meant for now. */
export const take = async () => {
  const kept = await run(store => {
    const all = store.getAll();
    all.onsuccess = () => store.clear();
    return all;
  }).catch(() => []);
  return kept.filter(one => Date.now() - one.at < MAX_AGE).flatMap(one => one.files);
};
