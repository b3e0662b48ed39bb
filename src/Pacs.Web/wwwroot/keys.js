// Keys of the pages, for those who like them; which they are is in the dialog that "?" opens. Everything works without.

import { hasModifier, isTyping, Shortcuts } from './shortcuts.js';

const help = document.getElementById('help');
const search = document.getElementById('q');
const list = document.getElementById('liste');

// ---- rows of the list ---------------------------------------------------------------------------------------------------------------

/** The row of the list that has the focus; of the series in place, that of their study. */
function rowOf(element) {
  const inside = element.closest('tr.inside');
  return inside ? list.querySelector(`tr[data-id="${inside.dataset.of}"]`) : element.closest('tr[data-id]');
}

const currentRow = () => rowOf(document.activeElement);

function step(by) {
  const all = list ? [...list.querySelectorAll('tr[data-id]')] : [], at = all.indexOf(currentRow());
  all[at < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(Math.max(0, at + by), all.length - 1)]?.querySelector('.patient a').focus();
}

// ---- what is done with a study ------------------------------------------------------------------------------------------------------

/** Follows what the row that has the focus leads to, or does what the page offers: the study's own, or that of the ticked rows. */
function follow(action, path) {
  const row = currentRow();
  if (row && path) location.assign(`${list.dataset.src}${path}${row.dataset.id}`);
  else (row?.querySelector(`[data-do=${action}]`) ?? [...document.querySelectorAll(`[data-do=${action}]`)].find(e => !e.closest('tr') && e.checkVisibility()))?.click();
}

const actions = {
  search: () => search.focus(),
  help: () => shortcuts.open(),
  down: () => step(1),
  up: () => step(-1),
  pick: () => currentRow()?.querySelector('input[name=id]').click(),
  // where no row has the focus, the newest
  view: () => (currentRow() ?? document).querySelector('[data-do=view]')?.click(),
  weasis: () => follow('weasis', list?.dataset.weasis),
  zip: () => follow('zip', 'studien/zip?id='),
  print: () => follow('print', 'drucken?studie='),
};

// ---- back -----------------------------------------------------------------------------------------------------------------------------

// the list as it was left, for who comes back to it: its address, and the row
const LEFT = 'pacs.list';

function left(record) {
  try {
    if (record) sessionStorage.setItem(LEFT, JSON.stringify(record));
    return JSON.parse(sessionStorage.getItem(LEFT)) ?? {};
  } catch {
    return {}; // a browser that keeps nothing: the list begins anew
  }
}

if (list) {
  const { isBack, row, address } = left();
  // a row that has gone since is not missed
  if (isBack && address === location.href && /^[0-9a-f-]+$/.test(row)) list.querySelector(`tr[data-id="${row}"] .patient a`)?.focus();
  addEventListener('pagehide', () => left({ address: location.href, row: currentRow()?.dataset.id ?? '' }));
}

/** What somebody has typed and not sent is not left by a slip. */
function isTouched(field) {
  if (field.type === 'checkbox' || field.type === 'radio') return field.checked !== field.defaultChecked;
  if (field.options) return field.selectedIndex !== Math.max(0, [...field.options].findIndex(o => o.defaultSelected));
  return field.value !== field.defaultValue;
}

/** Closes what is open where the focus is, else goes one page up. Says whether there was something to do. */
function back() {
  const { activeElement } = document, details = activeElement.closest('details[open]'), unfold = currentRow()?.querySelector('.unfold[aria-expanded=true]');
  if (details) {
    details.open = false;
    details.querySelector('summary').focus();
    return true;
  }
  if (unfold) {
    currentRow().querySelector('.patient a').focus();
    unfold.click();
    return true;
  }
  const up = [...document.querySelectorAll('.crumbs a')].at(-1);
  if (!up || document.getElementById('upload') || document.querySelector('main [role=alert]') || [...document.querySelectorAll('main :is(input, select, textarea)')].some(isTouched)) return false;
  const record = left();
  if (record.address && new URL(record.address).pathname === new URL(up.href).pathname) {
    left({ ...record, isBack: true });
    location.assign(record.address);
  } else {
    up.click();
  }
  return true;
}

// ---- keys -----------------------------------------------------------------------------------------------------------------------------

const shortcuts = help && new Shortcuts(help);

/** Does what a key says; says whether that was something. */
function press(e) {
  // not a single character: the field for searching is left by it, too. Ctrl+F is the browser's
  if (e.ctrlKey && !e.altKey && !e.shiftKey && !e.metaKey && e.key?.toLowerCase() === 'k') {
    search.focus();
    search.select();
    return true;
  }
  if (hasModifier(e) || isTyping(e.target)) return false;
  if (e.key === 'Escape') return back();
  if (e.key === 'ArrowDown' || e.key === 'ArrowUp') {
    // they scroll the page until somebody is in the list
    if (!currentRow() || e.target.matches('input')) return false;
    step(e.key === 'ArrowDown' ? 1 : -1);
    return true;
  }
  const action = shortcuts.actionOf(e);
  if (!action) return false;
  if (!e.repeat || action === 'down' || action === 'up') actions[action]();
  return true;
}

// not in a frame of the viewer, which shows nothing of it
if (help) {
  for (const button of document.querySelectorAll('[data-do=help]')) {
    button.hidden = false;
    button.addEventListener('click', () => shortcuts.open());
  }
  document.addEventListener('keydown', e => {
    if (!e.defaultPrevented && !document.querySelector('dialog[open]') && press(e)) e.preventDefault();
  });
}
