// The images that somebody has marked, to print them.

/** Marked frames, in the order of marking. */
export class Marks {
  #frames = new Map();

  static #key = (instance, frame) => `${instance},${frame}`;

  get count() { return this.#frames.size; }

  has(instance, frame) {
    return this.#frames.has(Marks.#key(instance, frame));
  }

  /** Marks a frame, or takes the mark away. */
  toggle(instance, frame, window) {
    const key = Marks.#key(instance, frame);
    if (!this.#frames.delete(key)) this.#frames.set(key, window);
  }

  /** What the print page is asked for. */
  get query() {
    return [...this.#frames].map(([key, window]) => printed(key, window)).join('&');
  }

  /** The query of one image that is not marked. */
  static queryOf(instance, frame, window) {
    return printed(Marks.#key(instance, frame), window);
  }
}

const printed = (key, window) => `bild=${key}${window ? `,${window.center},${window.width}` : ''}`;
