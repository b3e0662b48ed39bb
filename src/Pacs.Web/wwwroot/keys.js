// Keys of the pages, for those who like them: J/K or arrows go through the rows, Enter opens (as links do), V shows the images, W opens Weasis, S searches. Everything works without.

const rows = () => [...document.querySelectorAll('.studies .patient a')];

function step(by) {
  const all = rows(), at = all.indexOf(document.activeElement);
  const next = all[at < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(Math.max(0, at + by), all.length - 1)];
  next?.focus();
}

/** The link of the row that has the focus, else that of the page, else of the first row. */
function view() {
  (document.activeElement.closest('tr')?.querySelector('[data-key=v]') ?? document.querySelector('[data-key=v]'))?.click();
}

document.addEventListener('keydown', e => {
  if (e.ctrlKey || e.altKey || e.metaKey || e.target.matches('input, select, textarea, [contenteditable]')) return;
  const isList = rows().length > 0;
  switch (e.key) {
    case 'j': step(1); break;
    case 'k': step(-1); break;
    // the arrows scroll the page until somebody is in the list
    case 'ArrowDown': case 'ArrowUp':
      if (!isList || !document.activeElement.closest('.studies')) return;
      step(e.key === 'ArrowDown' ? 1 : -1);
      break;
    case 'v': view(); break;
    case 'w': document.querySelector('[data-key=w]')?.click(); break;
    case 's': document.getElementById('q')?.focus(); break;
    default: return;
  }
  e.preventDefault();
});
