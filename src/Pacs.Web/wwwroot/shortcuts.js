// Which key does what: of the pages, and of the viewer. What there is to do, and the keys it comes with, are in the dialog that shows them (_Shortcuts.cshtml). Each of these keys can be another one or none, and those of a single
// character can be off altogether: who speaks to the machine or hits keys by accident starts nothing that way (WCAG 2.2, 2.1.4). The choice stays in this browser.

const STORE = 'pacs.keys';

const isCharacter = key => /^\S$/u.test(key);

// F5, F6, F11 and F12 are the browser's: reload, address, full screen, tools
const isKey = key => isCharacter(key) || /^F([1-4]|[7-9]|10)$/.test(key);

/** The key of an event as it is compared: capitals are the same key. */
export const keyOf = e => (isCharacter(e.key) ? e.key.toLowerCase() : e.key);

/** Whether a key is one of the browser's or the system's. AltGr is Ctrl and Alt in Windows; what fills in forms sends events without a key. */
export const hasModifier = e => !e.key || e.ctrlKey || e.altKey || e.metaKey || e.isComposing || e.getModifierState('AltGraph');

/** Whether somebody writes there, or chooses from a list by letters. */
export const isTyping = target => target.matches('input:not([type=checkbox], [type=radio], [type=range]), select, textarea, [contenteditable]');

const labelOf = key => (isCharacter(key) && key.toUpperCase().length === key.length ? key.toUpperCase() : key);

const fill = (words, ...values) => words.replace(/\{(\d)\}/g, (_, i) => values[i]);

function stored() {
  try {
    const kept = JSON.parse(localStorage.getItem(STORE));
    return kept && typeof kept === 'object' ? kept : {};
  } catch {
    return {}; // keeps nothing, or something else
  }
}

export class Shortcuts {
  #dialog;
  #scope;
  #actions = new Map(); // by name: { button, words, preset, key }
  #digits = new Map(); // keys that stay with what has them
  #labelled = []; // { element, title, keys }: what tells its keys, and what it says without
  #isOff = false;
  #waiting = null;

  /** @param dialog what shows the keys, and lets choose them */
  constructor(dialog) {
    this.#dialog = dialog;
    this.#scope = dialog.dataset.scope;
    for (const button of dialog.querySelectorAll('[data-action]')) {
      const { action, preset } = button.dataset;
      this.#actions.set(action, { button, preset, key: preset, words: button.closest('li').querySelector('.does').textContent });
      button.addEventListener('click', () => this.#ask(action));
      button.addEventListener('blur', () => this.#stop());
    }
    for (const element of document.querySelectorAll('[data-shortcut], [data-digit]')) {
      this.#labelled.push({ element, title: element.title, keys: element.getAttribute('aria-keyshortcuts') });
      if (element.dataset.digit) this.#digits.set(element.dataset.digit, element.title);
    }
    dialog.addEventListener('keydown', e => this.#press(e));
    this.#box.addEventListener('change', () => {
      this.#isOff = !this.#box.checked;
      this.#keep(this.#isOff ? dialog.dataset.off : dialog.dataset.on);
    });
    dialog.querySelector('[data-reset]').addEventListener('click', () => {
      for (const action of this.#actions.values()) action.key = action.preset;
      this.#isOff = false;
      this.#keep(dialog.dataset.reset);
    });
    addEventListener('storage', e => { if (e.key === STORE || e.key === null) this.#read(); });
    this.#read();
  }

  get #box() {
    return this.#dialog.querySelector('input[type=checkbox]');
  }

  /** What a key shall do: the name of an action, or nothing. */
  actionOf(e) {
    const key = keyOf(e);
    if (hasModifier(e) || (this.#isOff && isCharacter(key))) return undefined;
    return this.#ownerOf(key);
  }

  /** The digit of a key, unless they are off. */
  digitOf(e) {
    return !this.#isOff && !hasModifier(e) && this.#digits.has(e.key) ? e.key : undefined;
  }

  /** Shows the keys. */
  open() {
    this.#say('');
    this.#dialog.showModal();
    this.#dialog.scrollTop = 0;
  }

  #ownerOf(key) {
    return key && [...this.#actions].find(([, action]) => action.key === key)?.[0];
  }

  // ---- what was chosen --------------------------------------------------------------------------------------------------------------

  #read() {
    const kept = stored(), own = Object(kept[this.#scope]);
    this.#isOff = kept.off === true;
    const chosen = name => (typeof own[name] === 'string' && (own[name] === '' || isKey(own[name])) ? own[name] : undefined);
    const taken = [...this.#actions.keys()].map(chosen);
    // a key that somebody has given to something else is not the one it came with, too
    for (const [name, action] of this.#actions) action.key = chosen(name) ?? (taken.includes(action.preset) ? '' : action.preset);
    this.#show();
  }

  #keep(words) {
    const changed = [...this.#actions].filter(([, { key, preset }]) => key !== preset).map(([name, { key }]) => [name, key]);
    try {
      localStorage.setItem(STORE, JSON.stringify({ ...stored(), off: this.#isOff, [this.#scope]: Object.fromEntries(changed) }));
    } catch {
      // a browser that keeps nothing: they hold until the page goes
    }
    this.#show();
    this.#say(words);
  }

  #show() {
    for (const { button, key, preset } of this.#actions.values()) {
      button.querySelector('kbd').textContent = labelOf(key) || '–';
      button.classList.toggle('own', key !== preset);
    }
    this.#box.checked = !this.#isOff;
    this.#dialog.classList.toggle('off', this.#isOff);
    for (const { element, title, keys } of this.#labelled) {
      const own = [element.dataset.digit, this.#actions.get(element.dataset.shortcut)?.key].filter(key => key && !(this.#isOff && isCharacter(key)));
      if (title) element.title = own.length ? `${title} (${own.map(labelOf).join(', ')})` : title;
      const all = [...own.map(key => (key === '+' ? 'Plus' : key)), keys].filter(Boolean).join(' ');
      if (all) element.setAttribute('aria-keyshortcuts', all);
      else element.removeAttribute('aria-keyshortcuts');
    }
  }

  #say(words) {
    this.#dialog.querySelector('[role=status]').textContent = words;
  }

  // ---- choosing a key ---------------------------------------------------------------------------------------------------------------

  #ask(name) {
    const { button, words } = this.#actions.get(name);
    this.#waiting = name;
    button.classList.add('waiting');
    button.querySelector('kbd').textContent = '…';
    this.#say(fill(this.#dialog.dataset.wait, words));
  }

  #stop() {
    if (!this.#waiting) return;
    this.#actions.get(this.#waiting).button.classList.remove('waiting');
    this.#waiting = null;
    this.#show();
    this.#say('');
  }

  #press(e) {
    // the tabulator goes on, and that ends it
    if (!this.#waiting || e.key === 'Tab' || ['Shift', 'Control', 'Alt', 'AltGraph', 'Meta', 'CapsLock'].includes(e.key)) return;
    e.preventDefault(); // Esc keeps the dialog, Enter and Space do not ask again
    e.stopPropagation();
    if (e.repeat) return;
    const { dataset } = this.#dialog, action = this.#actions.get(this.#waiting), key = keyOf(e), owner = this.#ownerOf(key);
    if (e.key === 'Escape') {
      this.#stop();
    } else if (e.key === 'Delete' || e.key === 'Backspace') {
      this.#stop();
      action.key = '';
      this.#keep(fill(dataset.none, action.words));
    } else if (hasModifier(e) || !isKey(key)) {
      this.#say(fill(dataset.fixed, action.words));
    } else if (this.#digits.has(key) || (owner && owner !== this.#waiting)) {
      this.#say(fill(dataset.taken, labelOf(key), this.#digits.get(key) ?? this.#actions.get(owner).words));
    } else {
      this.#stop();
      action.key = key;
      this.#keep(fill(dataset.set, action.words, labelOf(key)));
    }
  }
}
