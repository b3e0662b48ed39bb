// The series beside the fields, as small pictures: a stack is one, of what is looked at one by one every image is there.

import { number, pictureAddress, text } from './study.js';
import { nameOf, statesOf } from './states.js';

// what is looked through
const STACKS = ['CT', 'MR', 'PT', 'NM'];
// more would be a list to look through again
const MAX_SPREAD = 60;

export class SeriesList {
  /** The study whose series are listed. */
  study = null;
  #element;
  #marks;
  #choose;
  #entries = []; // { button, star, series, instance, at }: at is undefined for a whole series
  #current = null;

  /**
   * @param element the list
   * @param marks which images are marked
   * @param choose called with a series, and the place in it or undefined
   */
  constructor(element, marks, choose) {
    this.#element = element;
    this.#marks = marks;
    this.#choose = choose;
  }

  show(study) {
    this.study = study;
    // their names
    if (study.hasStates && !study.states) statesOf(study).then(() => { if (this.study === study) this.show(study); }, () => {});
    this.#entries = [];
    this.#element.replaceChildren(...study.series.flatMap(series => {
      if (series.count < 2 || series.count > MAX_SPREAD || STACKS.includes(series.modality)) return [this.#entry(series, series.first, undefined)];
      if (series.instances.length < series.count) {
        series.need(0).then(() => { if (this.study === study) this.show(study); }, () => {});
        return [this.#entry(series, series.first, undefined)];
      }
      if (series.first.kind === 'state') return series.instances.map((instance, at) => this.#entry(series, instance, at));
      const head = document.createElement('li');
      head.className = 'series-head';
      head.textContent = `${series.title} · ${text('Images', number(series.count))}`;
      return [head, ...series.instances.map((instance, at) => this.#entry(series, instance, at))];
    }));
    this.update(this.#shown, this.#active);
  }

  #shown = [];
  #active = null;

  /** Says which are in the fields, and which are marked. */
  update(shown, active) {
    this.#shown = shown;
    this.#active = active;
    const isIn = (entry, pane) => {
      if (!pane) return false;
      const seen = pane.stateView && pane.view.state.id;
      return entry.instance.kind === 'state' ? seen === entry.instance.id : !seen && pane.series === entry.series && (entry.at === undefined || pane.want.at === entry.at);
    };
    for (const entry of this.#entries) {
      const { button, star, series, instance, at } = entry;
      button.classList.toggle('in', shown.some(p => isIn(entry, p)));
      const isCurrent = isIn(entry, active);
      if (isCurrent) button.setAttribute('aria-current', 'true');
      else button.removeAttribute('aria-current');
      if (isCurrent && this.#current !== button) {
        this.#current = button;
        button.scrollIntoView({ block: 'nearest', inline: 'nearest' });
      }
      const marked = at === undefined ? this.#marks.countIn(series.id) : this.#marks.hasAny(instance.id) ? 1 : 0;
      const words = marked ? `★ ${marked > 1 ? text('Marked', marked) : text('IsMarked')}` : '';
      if (star.textContent !== words) star.textContent = words;
    }
  }

  #entry(series, instance, at) {
    const button = document.createElement('button');
    button.type = 'button';
    button.addEventListener('click', () => this.#choose(series, at));
    button.append(signOf(instance));
    const words = document.createElement('span');
    words.className = 'series-words';
    const isCine = instance.kind === 'image' && instance.frames > 1;
    const count = instance.kind === 'state' ? text('State') : at !== undefined || series.count === 1 ? (isCine ? text('Frames', number(instance.frames)) : at === undefined && instance.kind === 'image' ? text('OneImage') : '') : text('Images', number(series.count));
    const state = this.study.states?.find(s => s.id === instance.id);
    for (const part of [state ? nameOf(state) : at === undefined ? series.title : text('ImageNumber', at + 1), [at === undefined && instance.kind !== 'state' && series.modality, count].filter(Boolean).join(' · ')]) {
      const line = document.createElement('span');
      line.textContent = part;
      words.append(line);
    }
    const star = document.createElement('span');
    star.className = 'star';
    button.append(words, star);
    this.#entries.push({ button, star, series, instance, at });
    const item = document.createElement('li');
    if (at !== undefined && instance.kind !== 'state') item.className = 'single';
    item.append(button);
    return item;
  }
}

/** A small picture, or what stands for one. */
function signOf(instance) {
  if (!['image', 'state'].includes(instance.kind) || instance.isStill) return symbol(instance.isStill ? 'video' : instance.kind);
  const picture = document.createElement('img');
  picture.alt = '';
  picture.width = picture.height = 96;
  picture.loading = 'lazy';
  const middle = Math.floor(instance.frames / 2) + 1;
  picture.src = pictureAddress(instance, middle <= instance.frames ? middle : 1, null, '&viewport=192,192');
  picture.addEventListener('error', () => picture.replaceWith(symbol(instance.kind === 'state' ? 'state' : 'other'))); // a damaged frame; the field says why
  return picture;
}

function symbol(kind) {
  const sign = document.createElement('span');
  sign.className = `sign sign-${kind}`;
  sign.setAttribute('aria-hidden', 'true');
  return sign;
}
