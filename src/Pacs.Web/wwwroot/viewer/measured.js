// All measurements of this visit as a list: to read, to go to, to take away. What the canvas shows, for those who do not see it, too.

import { number, text } from './study.js';
import { buttonFor, lineOf } from './elements.js';

export class MeasurementList {
  #dialog;
  #measurements;

  /**
   * @param dialog with a list
   * @param measurements by instance and frame
   */
  constructor(dialog, measurements) {
    this.#dialog = dialog;
    this.#measurements = measurements;
  }

  /** Opens it: the measurements of the series in a field, and of the image first. */
  show(pane) {
    this.#write(pane);
    this.#dialog.showModal();
  }

  #write(pane) {
    const found = this.#of(pane.series);
    this.#dialog.querySelector('ol').replaceChildren(...found.map(entry => this.#row(pane, entry)));
    this.#dialog.querySelector('.none').hidden = found.length > 0;
  }

  /** What is measured in the images of a series, in their order. */
  #of(series) {
    const all = [];
    for (let at = 0; at < (series?.count ?? 0); at++) {
      const instance = series.at(at);
      for (let frame = 1; frame <= (instance?.frames ?? 0); frame++) {
        for (const measurement of this.#measurements.get(`${instance.id}/${frame}`) ?? []) all.push({ at, frame, instance, measurement });
      }
    }
    return all;
  }

  #row(pane, { at, frame, instance, measurement }) {
    const item = document.createElement('li');
    const where = [text('ImageNumber', number(at + 1)), instance.frames > 1 && text('FrameOf', frame, instance.frames)].filter(Boolean).join(' · ');
    const words = lineOf(measurement.say(instance.details));
    const go = buttonFor(where, () => {
      this.#dialog.close();
      pane.go(at, frame);
      pane.canvas.focus();
    });
    const remove = buttonFor(text('Remove'), () => {
      const own = this.#measurements.get(`${instance.id}/${frame}`);
      own.splice(own.indexOf(measurement), 1);
      pane.measured();
      this.#write(pane);
      (this.#dialog.querySelector('li button') ?? this.#dialog.querySelector('form button')).focus(); // the button that had it is gone
    });
    remove.setAttribute('aria-label', `${text('Remove')}: ${words.textContent}`);
    item.append(words, go, remove);
    return item;
  }
}
