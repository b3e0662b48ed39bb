// The canvas of a field: a picture as it is turned, enlarged and windowed, with what is measured in it and where another image cuts it.

import { drawMeasurements, rulerScale } from './measure.js';
import { cut } from './planes.js';
import { drawRuler } from './ruler.js';
import { areaOf } from './states.js';
import { groundOf, tone } from './tone.js';
import { text } from './study.js';

/** How an image is shown before somebody changes it. */
export const fresh = () => ({ zoom: 1, x: 0, y: 0, turn: 0, flip: false, invert: false, window: null, state: null });

export class Surface {
  /** The picture, or null. */
  picture = null;
  /** The window the server has made it in; null is the image's own. */
  pictureWindow = null;
  /** The field whose image is drawn as a line where it cuts this one. */
  guide = null;
  #pane;
  #ground = null;

  /** @param pane the field: its details, view, window, measurements, draft and cursor */
  constructor(pane) {
    this.#pane = pane;
    this.canvas = document.createElement('canvas');
    this.canvas.tabIndex = 0;
    this.canvas.setAttribute('role', 'application');
    this.canvas.setAttribute('aria-roledescription', text('Picture'));
    this.context = this.canvas.getContext('2d', { alpha: false });
  }

  /** From pixels of the image to those of a canvas. */
  matrix(canvas = this.canvas, view = this.#pane.view) {
    const { left, top, width, height } = this.#area;
    const stretch = this.#stretch, { turn, flip } = this.#pane.turned;
    const [w, h] = turn % 2 ? [height * stretch, width] : [width, height * stretch];
    const fit = Math.min(canvas.width / w, canvas.height / h) * view.zoom;
    const ratio = canvas === this.canvas ? devicePixelRatio : 1;
    return new DOMMatrix().translate(canvas.width / 2 + view.x * ratio, canvas.height / 2 + view.y * ratio).rotate(90 * turn)
      .scale(flip ? -fit : fit, fit * stretch).translate(-left - width / 2, -top - height / 2);
  }

  // what is to be seen of the picture
  get #area() {
    const { width, height } = this.picture ?? { width: 1, height: 1 };
    return areaOf(this.picture && this.#pane.stateView, width, height);
  }

  // pixels that are higher than wide
  get #stretch() {
    const { details, stateView } = this.#pane;
    return Math.max(0.1, Math.min(10, stateView?.stretch ?? details?.stretch ?? 1));
  }

  /** The point of the image below a place of the window. */
  pointAt(clientX, clientY) {
    const box = this.canvas.getBoundingClientRect();
    const p = this.matrix().inverse().transformPoint({ x: (clientX - box.left) * devicePixelRatio, y: (clientY - box.top) * devicePixelRatio });
    return { x: p.x, y: p.y };
  }

  /** Pixels of the screen for one of the image. */
  get scale() {
    const m = this.matrix();
    return Math.hypot(m.a, m.b) / devicePixelRatio;
  }

  draw() {
    const { canvas } = this, pane = this.#pane, ratio = devicePixelRatio;
    const width = Math.round(canvas.clientWidth * ratio), height = Math.round(canvas.clientHeight * ratio);
    if (!width || !height) return;
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    const matrix = this.matrix();
    this.#paint(this.context, canvas, matrix, this.picture && this.#toned());
    if (!this.picture) return;
    this.#line(matrix, ratio);
    drawMeasurements(this.context, pane.draft ? [...pane.measurements, pane.draft] : pane.measurements, matrix, pane.details, ratio);
    if (pane.cursor) this.#cross(matrix, ratio);
    if (!document.body.classList.contains('bare')) drawRuler(this.context, rulerScale(pane.details), matrix, ratio);
  }

  #paint(context, canvas, matrix, picture) {
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.fillStyle = '#000';
    context.fillRect(0, 0, canvas.width, canvas.height);
    if (!picture) return;
    const { width, height } = this.picture;
    context.setTransform(matrix);
    context.imageSmoothingEnabled = true;
    context.imageSmoothingQuality = 'high';
    context.drawImage(picture, 0, 0, width, height);
    if (this.#pane.view.invert) {
      context.globalCompositeOperation = 'difference';
      context.fillStyle = '#fff';
      context.fillRect(0, 0, width, height);
      context.globalCompositeOperation = 'source-over';
    }
    context.setTransform(1, 0, 0, 1, 0, 0);
  }

  #cross(matrix, ratio) {
    const { x, y } = matrix.transformPoint(this.#pane.cursor), { context, canvas } = this;
    this.#stroke([[x, 0], [x, canvas.height]], '#7fe7ff', ratio);
    this.#stroke([[0, y], [canvas.width, y]], '#7fe7ff', ratio);
    context.setLineDash([]);
  }

  /** Where the guide's image cuts this one, in pixels of this one; or null. */
  get line() {
    const { guide } = this, pane = this.#pane;
    return guide && guide !== pane && guide.shown && pane.shown ? cut(guide.details, guide.shown.frame, pane.details, pane.shown.frame) : null;
  }

  #line(matrix, ratio) {
    const points = this.line?.map(p => matrix.transformPoint(p)).map(({ x, y }) => [x, y]);
    if (!points) return;
    this.context.setLineDash([8 * ratio, 5 * ratio]);
    this.#stroke(points, '#ffb27a', 1.5 * ratio);
    this.context.setLineDash([]);
  }

  #stroke([from, to], color, width) {
    const { context } = this;
    context.strokeStyle = color;
    context.lineWidth = width;
    context.beginPath();
    context.moveTo(...from);
    context.lineTo(...to);
    context.stroke();
  }

  /** The picture in the window that is wanted; until the server's is here, what is here, made lighter and darker. */
  #toned() {
    const { picture } = this, pane = this.#pane, to = pane.window, from = pane.isGray ? this.pictureWindow ?? pane.ownWindow : pane.ownWindow;
    if (!to || !from || (from.center === to.center && from.width === to.width)) return picture.bitmap;
    if (this.#ground?.picture !== picture) this.#ground = groundOf(picture);
    return tone(this.#ground, from, to, pane.isGray && (pane.stateView ? pane.view.state : pane.details).isInverse);
  }

  /** The image with its measurements as it is turned and windowed, pixel for pixel, without what names the patient. */
  toBlob(type) {
    const { width, height } = this.#area, pane = this.#pane, stretch = this.#stretch;
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = (pane.turned.turn % 2 ? [height * stretch, width] : [width, height * stretch]).map(Math.round);
    const context = canvas.getContext('2d', { alpha: false });
    const matrix = this.matrix(canvas, { ...pane.view, zoom: 1, x: 0, y: 0 });
    this.#paint(context, canvas, matrix, this.#toned());
    drawMeasurements(context, pane.measurements, matrix, pane.details, Math.max(1, Math.min(canvas.width, canvas.height) / 700));
    return new Promise(resolve => canvas.toBlob(resolve, type, 0.92));
  }
}
