// The windows to choose from: the image's own, and those of CT that everybody knows.

import { text } from './study.js';

// in Hounsfield units
const CT_WINDOWS = [['Soft', 40, 400], ['Lung', -600, 1500], ['Bone', 400, 1800], ['Brain', 40, 80], ['Liver', 60, 160]];

export class WindowChoice {
  #select;
  #choices = [];
  #offered = '';

  /**
   * @param select the list
   * @param choose called with a window, or null for the image's own
   */
  constructor(select, choose) {
    this.#select = select;
    this.choose = () => choose(this.#choices[select.value][1]);
    select.addEventListener('change', this.choose);
  }

  /** Offers what suits the image of a field. */
  offer(pane) {
    const select = this.#select;
    select.disabled = !pane.isGray;
    const own = (pane.isGray && pane.details.windows) || [], hasState = pane.isGray && Boolean(pane.stateView);
    const choices = own.map((w, i) => [w.name || text('Own') + (own.length > 1 ? ` ${i + 1}` : ''), i === 0 && !hasState ? null : w]);
    if (hasState) choices.unshift([text('OfState'), null]);
    if (pane.isGray && pane.series.modality === 'CT') choices.push(...CT_WINDOWS.map(([key, center, width]) => [ctName(key), { center, width }]));
    const window = pane.isGray ? pane.view.window : null;
    if (!pane.isGray) choices.push(['–', null]);
    let chosen = choices.findIndex(([, w]) => same(w, window));
    if (chosen < 0) chosen = choices.push([window ? text('Custom') : text('Own'), window]) - 1; // of its own window nothing may be known yet
    const made = JSON.stringify(choices);
    if (made !== this.#offered) {
      this.#offered = made;
      select.replaceChildren(...choices.map(([name], i) => new Option(name, i)));
      this.#choices = choices;
    }
    select.value = chosen;
  }

  /** The next one. */
  next() {
    const select = this.#select;
    if (select.disabled) return;
    select.selectedIndex = (select.selectedIndex + 1) % select.options.length;
    this.choose();
  }
}

const same = (a, b) => a === b || Boolean(a && b && a.center === b.center && a.width === b.width);

function ctName(key) {
  switch (key) {
    case 'Soft': return text('Soft');
    case 'Lung': return text('Lung');
    case 'Bone': return text('Bone');
    case 'Brain': return text('Brain');
    default: return text('Liver');
  }
}
