// Fields that scroll together: by the place in the patient where the images say it, else image by image.

import { along, areParallel, normalOf, planeOf } from './planes.js';

/** The images of a series in their order with their places along the stack; null as long as some are unknown, and where they are no stack. */
function stackOf(series) {
  if (series.stack !== undefined) return series.stack;
  const places = [];
  let normal = null;
  for (let at = 0; at < series.count; at++) {
    const instance = series.at(at);
    if (!instance?.details) return null; // not yet told
    for (let frame = 1; frame <= instance.frames; frame++) {
      const plane = planeOf(instance.details, frame);
      if (!plane) return (series.stack = null);
      normal ??= normalOf(plane);
      if (!areParallel(normal, normalOf(plane))) return (series.stack = null);
      places.push({ at, frame, mm: along(plane, normal), plane });
    }
  }
  return (series.stack = places.length > 1 ? { normal, places } : null);
}

const isAt = (place, { at, frame }) => place.at === at && place.frame === frame;
const nearest = ({ places }, mm) => places.reduce((a, b) => Math.abs(b.mm - mm) < Math.abs(a.mm - mm) ? b : a);

export class Together {
  isOn = false;
  // where a field would be exactly, and where it is instead: thick slices beside thin ones do not drift apart
  #exact = new Map();

  /** Switches it; the images that are seen now belong together. */
  toggle(panes) {
    this.isOn = !this.isOn;
    this.#exact.clear();
    if (this.isOn) this.know(panes);
  }

  /** Asks for what is not known of the series. */
  know(panes) {
    for (const { series } of panes) series?.all().catch(() => {});
  }

  /** Lets the others follow a field that has left a place. */
  follow(pane, before, panes) {
    if (!this.isOn) return;
    this.#exact.delete(pane);
    const { want, series } = pane, here = stackOf(series);
    const from = here?.places.find(p => isAt(p, before)), to = here?.places.find(p => isAt(p, want));
    for (const other of panes) {
      if (other === pane || !other.series) continue;
      const there = stackOf(other.series);
      if (from && to && there && areParallel(here.normal, there.normal)) this.#move(other, there, here, from, to);
      else if (want.at !== before.at) other.go(other.want.at + want.at - before.at);
      else if (other.instance?.frames > 1) other.go(other.want.at, Math.max(1, Math.min(other.instance.frames, other.want.frame + want.frame - before.frame)));
    }
    this.know(panes);
  }

  #move(other, there, here, from, to) {
    const now = there.places.find(p => isAt(p, other.want)) ?? there.places[0];
    const known = this.#exact.get(other);
    const exact = known?.place === now ? known.mm : now.mm;
    // in one frame of reference the same place; else as far as the other has gone
    const isSame = to.plane.frame && to.plane.frame === now.plane.frame;
    const mm = isSame ? along(to.plane, there.normal) : exact + (to.mm - from.mm);
    const place = nearest(there, mm);
    this.#exact.set(other, { mm, place });
    if (place !== now) other.go(place.at, place.frame);
  }
}
