// The images that somebody has marked: kept by the server for the study, printed together.

import { address } from './study.js';

const keyOf = (instance, frame) => `${instance},${frame}`;
const printed = (key, look) => `bild=${key}${look?.window ? `,${look.window.center},${look.window.width}` : ''}${look?.state ? `,${look.state}` : ''}`;

/** Marked frames of the studies that are open. */
export class Marks {
  #frames = new Map();
  // how they were seen when they were marked: the print shows that
  #looks = new Map();

  /** Takes what the server has for a study; windows of this visit stay. */
  learn(study) {
    for (const { series, image, frame } of study.marked) this.#frames.set(keyOf(image, frame), { study: study.id, series });
  }

  /** How many of a study, by its id. */
  count(study) {
    return [...this.#frames.values()].filter(f => f.study === study).length;
  }

  /** How many of a series, by its id. */
  countIn(series) {
    return [...this.#frames.values()].filter(f => f.series === series).length;
  }

  has(instance, frame) {
    return this.#frames.has(keyOf(instance, frame));
  }

  /** The first marked frame of an instance, or 1. */
  firstOf(instance) {
    const own = [...this.#frames.keys()].filter(key => key.startsWith(`${instance},`)).map(key => +key.split(',')[1]);
    return own.length ? Math.min(...own) : 1;
  }

  /** Whether frames of an instance are marked. */
  hasAny(instance) {
    return [...this.#frames.keys()].some(key => key.startsWith(`${instance},`));
  }

  /**
   * Marks a frame or takes the mark away; rejects with the status when the server does not do it, without one when it does not answer.
   * @param look its window and the id of its presentation state, each or null
   */
  async toggle(study, series, instance, frame, look) {
    const key = keyOf(instance, frame), isMarked = this.#frames.has(key);
    const answer = await fetch(address(`viewer/gemerkt/${instance}/${frame}`), { method: isMarked ? 'DELETE' : 'PUT' });
    if (!answer.ok) throw Object.assign(new Error(answer.statusText), { status: answer.status, isOver: answer.status === 401, reason: answer.status === 507 ? 'full' : undefined });
    if (isMarked) {
      this.#frames.delete(key);
    } else {
      this.#frames.set(key, { study: study.id, series });
      this.#looks.set(key, look);
    }
  }

  /** What the print page is asked for: at most so many of a study's. */
  query(study, most) {
    return [...this.#frames].filter(([, f]) => f.study === study).slice(0, most).map(([key]) => printed(key, this.#looks.get(key))).join('&');
  }

  /** The query of one image that is not marked. */
  static queryOf(instance, frame, look) {
    return printed(keyOf(instance, frame), look);
  }
}
