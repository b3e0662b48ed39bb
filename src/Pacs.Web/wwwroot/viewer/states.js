// Presentation states: how somebody wants images to be seen (PS3.3 §A.33). The server makes the picture, each pixel in its place; how it is turned and which part is seen is done here, so that measuring stays right.

import { json, text } from './study.js';

// DisplayedArea.cs: more is not an area but a mistake
const MAX_SIDE = 8192, MAX_PIXELS = 2 ** 26;

const asked = new Map();

/** The states of a study, asked for once; none where there is nothing to ask for. */
export function statesOf(study) {
  if (!study.hasStates) return Promise.resolve([]);
  if (!asked.has(study.id)) {
    asked.set(study.id, json(`viewer/ansichten/${study.id}.json`).then(({ states }) => {
      for (const state of states) {
        state.views = new Map();
        for (const view of state.images) state.views.set(view.uid, [...state.views.get(view.uid) ?? [], view]);
      }
      return (study.states = states);
    }).catch(e => { asked.delete(study.id); throw e; }));
  }
  return asked.get(study.id);
}

/** What a state says of a frame; null where it is about others. */
export function viewOf(state, instance, frame) {
  return state?.views.get(instance.uid)?.find(v => !v.frames || v.frames.includes(frame)) ?? null;
}

/** What it is called, who made it, and when. */
export function nameOf(state) {
  return [state.label || text('State'), state.by, state.date].filter(Boolean).join(' · ');
}

/** A turn by hand behind that of a state: quarter turns clockwise, of an image that may be mirrored before. The state mirrors behind its turn (PS3.3 §C.10.6). */
export function turnedBy(state, { turn, flip }) {
  if (!state) return { turn, flip };
  const own = state.isFlipped ? (4 - state.turns) % 4 : state.turns;
  return { turn: (turn + (flip ? 4 - own : own)) % 4, flip: flip !== state.isFlipped };
}

/** The part of an image that is seen: all of it where a state says nothing sensible. */
export function areaOf(view, width, height) {
  const whole = { left: 0, top: 0, width, height };
  if (!view?.area) return whole;
  const [x, y, x2, y2] = view.area;
  // the corners are those of the turned image: which of them is left is for us to see. Both count, from 1
  const left = Math.min(x, x2) - 1, top = Math.min(y, y2) - 1, right = Math.max(x, x2), bottom = Math.max(y, y2);
  const inside = { left: Math.max(left, 0), top: Math.max(top, 0), right: Math.min(right, width), bottom: Math.min(bottom, height) };
  if (inside.left >= inside.right || inside.top >= inside.bottom) return whole;
  const area = { left, top, width: right - left, height: bottom - top };
  if (area.width <= MAX_SIDE && area.height <= MAX_SIDE && area.width * area.height <= MAX_PIXELS) return area;
  return { left: inside.left, top: inside.top, width: inside.right - inside.left, height: inside.bottom - inside.top };
}

/** The states to choose from, those of the image that is shown. */
export class StateChoice {
  #select;
  #choices = [];
  #offered = '';

  /**
   * @param select the list, in a label that is hidden where a study has none
   * @param choose called with a state, or null for none
   */
  constructor(select, choose) {
    this.#select = select;
    select.addEventListener('change', () => choose(this.#choices[select.value]));
  }

  /** Offers those of the image of a field. */
  offer(pane) {
    const select = this.#select, { shown, series } = pane, all = series?.study.states ?? [];
    const chosen = pane.view.state ?? null;
    const own = shown ? all.filter(s => viewOf(s, shown.instance, shown.frame)) : [];
    select.closest('label').hidden = all.length === 0;
    select.disabled = own.length === 0;
    this.#choices = [null, ...own];
    const names = [text('WithoutState'), ...own.map(nameOf)], made = JSON.stringify(names);
    if (made !== this.#offered) {
      this.#offered = made;
      select.replaceChildren(...names.map((name, i) => new Option(name, i)));
    }
    select.value = Math.max(0, this.#choices.indexOf(chosen));
  }
}
