// What stands over a picture: whose it is, which one, its window, and what lies at its sides.

import { number, text } from './study.js';
import { lines } from './elements.js';
import { along, normalOf, planeOf, sidesOf } from './planes.js';
import { nameOf } from './states.js';

function part(name) {
  const element = document.createElement('div');
  element.className = name;
  element.setAttribute('aria-hidden', 'true'); // the canvas' name says it
  return element;
}

export class Corners {
  #corners = Object.fromEntries(['tl', 'tr', 'bl', 'br'].map(name => [name, part(`corner ${name}`)]));
  #sides = Object.fromEntries(['left', 'top', 'right', 'bottom'].map(name => [name, part(`letters at-${name}`)]));

  get elements() {
    return [...Object.values(this.#corners), ...Object.values(this.#sides)];
  }

  /** Writes anew what is said about the image of a field. */
  write(pane) {
    const { series, shown } = pane, corners = this.#corners;
    const isShown = Boolean(series && shown && !pane.canvas.hidden);
    for (const element of this.elements) element.hidden = !isShown;
    if (!isShown) return;
    const { study } = series, sides = pane.size && sidesOf(pane.details, shown.frame, pane.turned);
    lines(corners.tl, study.patient, study.born, study.patientId);
    lines(corners.tr, [study.date, study.time].filter(Boolean).join(', '), study.description, series.title);
    lines(corners.bl, pane.isMarked?.(shown) && `★ ${text('IsMarked')}`, placeOf(pane), sliceOf(pane), windowOf(pane), pane.stateView && nameOf(pane.view.state));
    lines(corners.br, pane.size && text('Zoom', number(pane.scale * 100)));
    for (const [side, element] of Object.entries(this.#sides)) element.textContent = sides?.[side] ?? '';
  }
}

/** Which image of how many. */
export function placeOf({ series, shown: { at, frame, instance } }) {
  return [series.count > 1 || instance.frames === 1 ? text('ImageOf', at + 1, series.count) : '', instance.frames > 1 ? text('FrameOf', frame, instance.frames) : ''].filter(Boolean).join(' · ');
}

function sliceOf({ details, shown }) {
  const plane = planeOf(details, shown.frame);
  if (!plane) return '';
  return [text('Slice', number(along(plane, normalOf(plane)), 1)), details.thickness && text('Thickness', number(details.thickness, 1))].filter(Boolean).join(' · ');
}

function windowOf({ isGray, window, details, view }) {
  if (isGray) return window ? text('Window', number(window.center), number(window.width)) : '';
  return details && view.window ? text('Tone', number(25500 / window.width), number(127.5 - window.center)) : '';
}
