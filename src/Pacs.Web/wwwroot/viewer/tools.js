// What mouse, finger and keyboard do to an image: scroll, window, zoom, pan, measure.

import { handleNear, Measurement, POINTS } from './measure.js';

const MIN_ZOOM = 0.1, MAX_ZOOM = 40;
// pixels of a touchpad that are one image
const WHEEL_STEP = 40;
// from a pointer to the end of a measurement; a finger is wider
const REACH = 12, FINGER_REACH = 28;
// pixels of dragging that are one image: all of a long series within the height of the field, few images not in a twitch
const LEAST_STEP = 4, MOST_STEP = 28;
// between two corners of a drawn line, in pixels of the screen
const CORNER = 4;

/** Enlarges; the point of the image below a place stays there. */
export function zoom(pane, factor, clientX, clientY) {
  const before = clientX === undefined ? null : pane.pointAt(clientX, clientY);
  pane.view.zoom = Math.max(MIN_ZOOM, Math.min(MAX_ZOOM, pane.view.zoom * factor));
  if (before) {
    const m = pane.matrix().transformPoint(before), box = pane.canvas.getBoundingClientRect();
    pane.view.x += clientX - box.left - m.x / devicePixelRatio;
    pane.view.y += clientY - box.top - m.y / devicePixelRatio;
  }
  pane.measured();
}

export function pan(pane, dx, dy) {
  pane.view.x += dx;
  pane.view.y += dy;
  pane.draw();
}

/** Changes the window: to the right wider, downwards brighter levels become darker. A wide window moves in larger steps. */
export function window(pane, dx, dy, start = pane.window) {
  if (!pane.details || !start) return;
  const step = Math.max(start.width, pane.isGray ? 8 : 64) / 400;
  const round = v => pane.isGray && start.width < 20 ? Math.round(v * 10) / 10 : Math.round(v);
  pane.window = { center: round(start.center + dy * step), width: Math.max(1, round(start.width + dx * step)) };
}

const isOpenAngle = draft => draft?.kind === 'angle' && draft.points.length === 3;

/** Lets mouse and finger work on a field. */
export class Pointer {
  #pane;
  #host;
  #fingers = new Map();
  #drag = null;
  #wheel = 0;

  /**
   * @param pane the field
   * @param host what the viewer does: tool (the left button's), activate(pane), step(pane, by), measured(pane, measurement)
   */
  constructor(pane, host) {
    this.#pane = pane;
    this.#host = host;
    const { canvas } = pane;
    canvas.addEventListener('pointerdown', e => this.#down(e));
    canvas.addEventListener('pointermove', e => this.#move(e));
    canvas.addEventListener('pointerup', e => this.#up(e));
    canvas.addEventListener('pointercancel', e => this.#up(e));
    canvas.addEventListener('contextmenu', e => e.preventDefault());
    canvas.addEventListener('auxclick', e => e.preventDefault());
    canvas.addEventListener('wheel', e => this.#roll(e), { passive: false });
  }

  #down(e) {
    const pane = this.#pane;
    this.#host.activate(pane);
    if (!pane.size) return;
    if (e.button === 1) e.preventDefault(); // the browser's own scrolling
    pane.canvas.setPointerCapture(e.pointerId);
    this.#fingers.set(e.pointerId, { x: e.clientX, y: e.clientY });
    if (this.#fingers.size === 2) {
      this.#drag = null;
      pane.draft = null;
      return;
    }
    pane.canvas.focus({ preventScroll: true }); // the keys are for this field; a finger focuses nothing by itself
    const tool = e.button === 2 ? 'zoom' : e.button === 1 ? 'pan' : this.#host.tool;
    const point = pane.pointAt(e.clientX, e.clientY);
    if (!(tool in POINTS)) {
      this.#drag = { tool, x: e.clientX, y: e.clientY, window: pane.window, steps: 0 };
      return;
    }
    // the third point of an angle
    if (isOpenAngle(pane.draft)) return;
    const handle = handleNear(pane.measurements, pane.matrix(), point, (e.pointerType === 'touch' ? FINGER_REACH : REACH) * devicePixelRatio);
    if (handle) {
      this.#drag = { tool: 'handle', ...handle };
    } else if (tool === 'probe') {
      this.#drag = { tool: 'probe' }; // when the finger leaves: it may be the first of two
    } else {
      pane.draft = new Measurement(tool, tool === 'outline' ? [point] : [point, point]);
      this.#drag = { tool: 'draft' };
    }
  }

  #move(e) {
    const pane = this.#pane, finger = this.#fingers.get(e.pointerId);
    const point = pane.size && pane.pointAt(e.clientX, e.clientY);
    if (!finger) {
      // an angle's second arm follows the pointer
      if (isOpenAngle(pane.draft)) this.#follow(point);
      return;
    }
    const dx = e.clientX - finger.x, dy = e.clientY - finger.y;
    if (this.#fingers.size === 2) return this.#pinch(e, finger, dx, dy);
    Object.assign(finger, { x: e.clientX, y: e.clientY });
    const drag = this.#drag;
    switch (drag?.tool) {
      case 'scroll': this.#scroll(drag, e.clientY - drag.y); break;
      case 'window': window(pane, e.clientX - drag.x, e.clientY - drag.y, drag.window); break;
      case 'zoom': zoom(pane, 1.005 ** -dy, drag.x, drag.y); break;
      case 'pan': pan(pane, dx, dy); break;
      case 'handle':
        drag.measurement.points[drag.index] = point;
        drag.measurement.values = null;
        pane.draw();
        break;
      case 'draft': this.#follow(point); break;
      default: if (isOpenAngle(pane.draft)) this.#follow(point);
    }
    return undefined;
  }

  #follow(point) {
    const pane = this.#pane, { draft } = pane, last = draft.points.at(-1);
    if (draft.kind !== 'outline') draft.points[draft.points.length - 1] = point;
    else if (Math.hypot(point.x - last.x, point.y - last.y) * pane.scale >= CORNER) draft.points.push(point);
    pane.draw();
  }

  /** Downwards to later images, as a list under a finger that moves its bar. */
  #scroll(drag, dy) {
    const pane = this.#pane, frames = pane.instance?.frames ?? 1;
    const count = frames > 1 ? frames : pane.series.count;
    const size = Math.max(LEAST_STEP, Math.min(MOST_STEP, pane.canvas.clientHeight * 0.8 / count));
    const steps = Math.trunc(dy / size);
    if (steps === drag.steps) return;
    this.#host.step(pane, steps - drag.steps);
    drag.steps = steps;
  }

  // two fingers: what lies between them stays between them
  #pinch(e, finger, dx, dy) {
    const other = [...this.#fingers].find(([id]) => id !== e.pointerId)[1];
    const before = Math.hypot(finger.x - other.x, finger.y - other.y), after = Math.hypot(e.clientX - other.x, e.clientY - other.y);
    Object.assign(finger, { x: e.clientX, y: e.clientY });
    if (before > 10) zoom(this.#pane, after / before, (finger.x + other.x) / 2, (finger.y + other.y) / 2);
    pan(this.#pane, dx / 2, dy / 2);
  }

  #up(e) {
    const pane = this.#pane;
    if (!this.#fingers.delete(e.pointerId)) return;
    const { draft } = pane, drag = this.#drag;
    this.#drag = null;
    if (drag?.tool === 'handle') {
      this.#host.measured(pane, drag.measurement);
    } else if (drag?.tool === 'probe') {
      if (e.type === 'pointerup') this.#host.measured(pane, new Measurement('probe', [pane.pointAt(e.clientX, e.clientY)]));
    } else if (draft && e.type === 'pointercancel') {
      pane.draft = null;
      pane.draw();
    } else if (draft) {
      this.#follow(pane.pointAt(e.clientX, e.clientY));
      this.#finish(draft);
    }
  }

  #finish(draft) {
    const pane = this.#pane, last = draft.points.at(-1);
    if (draft.kind === 'outline') {
      pane.draft = null;
      draft.close();
      if (draft.hasSize) this.#host.measured(pane, draft);
      else pane.draw();
    } else if (!new Measurement(draft.points.length === 3 ? 'angle' : 'length', draft.points).hasSize) {
      if (draft.points.length < 3) pane.draft = null; // a click
      pane.draw();
    } else if (draft.isComplete) {
      pane.draft = null;
      this.#host.measured(pane, draft);
    } else {
      draft.points.push({ ...last }); // the other arm of an angle: follows until the next click
    }
  }

  #roll(e) {
    e.preventDefault();
    this.#host.activate(this.#pane);
    if (e.ctrlKey) {
      zoom(this.#pane, 1.002 ** -e.deltaY, e.clientX, e.clientY);
      return;
    }
    // a notch is one image; a touchpad sends many small steps
    this.#wheel = Math.sign(e.deltaY) === Math.sign(this.#wheel) ? this.#wheel + e.deltaY : e.deltaY;
    if (e.deltaMode !== WheelEvent.DOM_DELTA_PIXEL || Math.abs(e.deltaY) >= 100 || Math.abs(this.#wheel) >= WHEEL_STEP) {
      this.#host.step(this.#pane, Math.sign(e.deltaY));
      this.#wheel = 0;
    }
  }
}

/** The tools by keyboard: Shift and arrows do what dragging does; a measurement is made with a cross, Enter for each point. */
export const keyboard = {
  /** Shift + arrow with a tool that is no measurement. */
  nudge(pane, tool, dx, dy, host) {
    if (tool === 'scroll') host.step(pane, (dx || dy) * 10);
    else if (tool === 'zoom') zoom(pane, 1.1 ** -(dy || -dx));
    else if (tool === 'pan') pan(pane, dx * 24, dy * 24);
    else window(pane, dx * 12, dy * 12);
  },

  /** Moves the cross. */
  move(pane, dx, dy) {
    const { width, height } = pane.size;
    pane.cursor = { x: Math.max(0, Math.min(width, pane.cursor.x + dx)), y: Math.max(0, Math.min(height, pane.cursor.y + dy)) };
    if (pane.draft) pane.draft.points[pane.draft.points.length - 1] = { ...pane.cursor };
    pane.draw();
  },

  /** Enter: shows the cross, or sets a point. */
  enter(pane, tool, host) {
    if (!pane.size) return;
    if (!pane.cursor) {
      pane.cursor = { x: pane.size.width / 2, y: pane.size.height / 2 };
    } else if (tool === 'probe') {
      host.measured(pane, new Measurement('probe', [{ ...pane.cursor }]));
    } else if (!pane.draft) {
      // of a drawn line each corner; Enter at the place of the last one closes it
      pane.draft = new Measurement(tool, [{ ...pane.cursor }, { ...pane.cursor }]);
    } else if (tool === 'outline') {
      const { draft } = pane, [before, last] = draft.points.slice(-2);
      if (before.x !== last.x || before.y !== last.y) {
        draft.points.push({ ...pane.cursor });
      } else if (draft.points.length > 3) {
        draft.points.pop();
        pane.draft = null;
        draft.close();
        if (draft.hasSize) host.measured(pane, draft);
      }
    } else if (pane.draft.isComplete) {
      const { draft } = pane;
      pane.draft = null;
      if (draft.hasSize) host.measured(pane, draft);
    } else {
      pane.draft.points.push({ ...pane.cursor });
    }
    pane.draw();
  },

  /** Escape: away with the cross. */
  leave(pane) {
    if (!pane.cursor && !pane.draft) return false;
    pane.cursor = pane.draft = null;
    pane.draw();
    return true;
  },
};
