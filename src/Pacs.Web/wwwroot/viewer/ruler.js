// A ruler at the side of a field: how large the image is in the patient, as it is enlarged.

import { number } from './study.js';

// of the height of the field, and what is too little for it and for what stands in the corners
const MOST = 0.4, LEAST_HEIGHT = 180, LEAST_WIDTH = 280, LEAST_RULER = 24;
// from the right edge: between the letters of the side and the image
const PLACE = 40;

/**
 * What it shows: pixels of the screen for a round length, and how many parts it has; or null.
 * @param perPixel mm for a pixel of the screen downwards
 * @param most pixels
 */
export function rulerOf(perPixel, most) {
  if (!(perPixel > 0) || !Number.isFinite(perPixel)) return null;
  const largest = perPixel * most, power = 10 ** Math.floor(Math.log10(largest));
  const first = [5, 2, 1].find(n => n * power <= largest), mm = first * power;
  return { mm, pixels: mm / perPixel, parts: { 1: 10, 2: 4, 5: 5 }[first], words: mm >= 10 ? `${number(mm / 10)} cm` : `${number(mm, mm < 1 ? 2 : 0)} mm` };
}

/**
 * Draws it. The context is in pixels of the screen.
 * @param scale what a pixel of the image is (measure.js), or null
 * @param matrix from the image to the canvas
 * @param u pixels of the canvas for one of CSS
 */
export function drawRuler(context, scale, matrix, u) {
  const { width, height } = context.canvas;
  if (!scale || height < LEAST_HEIGHT * u || width < LEAST_WIDTH * u) return;
  const back = matrix.inverse();
  const ruler = rulerOf(Math.hypot(back.c * scale.x, back.d * scale.y) * u, height / u * MOST);
  if (!ruler || ruler.pixels < LEAST_RULER) return;
  const x = Math.round(width - PLACE * u) + 0.5, length = ruler.pixels * u, top = (height - length) / 2; // on one column of pixels
  const path = new Path2D();
  path.moveTo(x, top);
  path.lineTo(x, top + length);
  for (let i = 0; i <= ruler.parts; i++) {
    const y = top + length * i / ruler.parts, isLong = i === 0 || i === ruler.parts || (ruler.parts === 10 && i === 5);
    path.moveTo(x, y);
    path.lineTo(x - (isLong ? 10 : 5) * u, y);
  }
  // dark below light: seen on black and on white
  context.lineCap = 'square';
  for (const [color, thick] of [['rgb(0 0 0 / 75%)', 3.5], ['#dfe8e6', 1.25]]) {
    context.strokeStyle = color;
    context.lineWidth = thick * u;
    context.stroke(path);
  }
  context.font = `600 ${12 * u}px system-ui, sans-serif`;
  context.textAlign = 'right';
  context.textBaseline = 'bottom';
  context.lineJoin = 'round';
  const words = [ruler.words, scale.note].filter(Boolean).join(' ');
  context.strokeStyle = 'rgb(0 0 0 / 85%)';
  context.lineWidth = 3 * u;
  context.strokeText(words, x + 4 * u, top - 5 * u);
  context.fillStyle = '#f4f7f6';
  context.fillText(words, x + 4 * u, top - 5 * u);
  context.textAlign = 'left';
}
