import { filesOf, keep } from './dropped.js';

// What every page can do beyond its links, its forms and the keys of keys.js. Pages work without it.

// on a narrow screen the sections go sideways: where somebody is should not be out of sight
const sections = document.querySelector('.sections');
const here = sections?.querySelector('[aria-current]');
if (here && sections.scrollWidth > sections.clientWidth) {
  sections.scrollLeft = here.offsetLeft - (sections.clientWidth - here.offsetWidth) / 2;
}

for (const button of document.querySelectorAll('[data-print]')) {
  button.hidden = false;
  button.addEventListener('click', () => print());
}

// ---- files dropped on any page go to the one for uploading; documents dropped on a study go to that study --------------------------------

const { upload } = document.body.dataset;
const hasFiles = e => e.dataTransfer?.types.includes('Files');

if (upload && !document.getElementById('upload')) {
  const show = isShown => document.body.classList.toggle('dropping', isShown);
  addEventListener('dragover', e => {
    if (hasFiles(e)) {
      e.preventDefault();
      show(true);
    }
  });
  addEventListener('dragleave', e => e.relatedTarget || show(false));
  addEventListener('drop', async e => {
    if (!hasFiles(e)) {
      return;
    }
    e.preventDefault();
    show(false);
    const files = await filesOf(e.dataTransfer);
    const study = /\/studien\/([0-9a-f]{8}(?:-[0-9a-f]{8}){4})$/.exec(location.pathname)?.[1];
    const areDocuments = files.length > 0 && files.every(({ file }) => ['application/pdf', 'image/jpeg', 'image/png'].includes(file.type));
    const query = new URLSearchParams(study && areDocuments ? { studie: study } : {});
    // where the browser keeps nothing, the page for uploading asks for the files again
    await keep(files).then(() => query.set('abgelegt', '1')).catch(() => null);
    location.assign(query.size ? `${upload}?${query}` : upload);
  });
}
