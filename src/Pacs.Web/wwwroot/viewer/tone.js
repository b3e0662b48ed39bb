// A picture in another window until the server's comes.

// pixels that a processor tones within one picture of the screen; a larger picture is toned coarsely until the server's is here
const TONED = 1 << 20;

/** What toning begins with: the levels of a picture. */
export function groundOf(picture) {
  const shrink = Math.min(1, Math.sqrt(TONED / (picture.width * picture.height)));
  const canvas = document.createElement('canvas');
  canvas.width = Math.max(1, Math.round(picture.width * shrink));
  canvas.height = Math.max(1, Math.round(picture.height * shrink));
  const context = canvas.getContext('2d', { alpha: false, willReadFrequently: true });
  context.drawImage(picture.bitmap, 0, 0, canvas.width, canvas.height);
  return { picture, canvas, context, pixels: context.getImageData(0, 0, canvas.width, canvas.height).data };
}

/**
 * Makes a picture lighter and darker. A window maps values linearly (PS3.3 §C.11.2.1.2.1), so the levels between black and white of one are a linear function of those of another;
 * what one window has cut off cannot come back.
 */
export function tone({ canvas, context, pixels }, from, to, isInverse) {
  const levels = new Uint8ClampedArray(256);
  for (let level = 0; level < 256; level++) {
    const value = from.center + ((isInverse ? 255 - level : level) / 255 - 0.5) * from.width;
    const shown = ((value - to.center) / to.width + 0.5) * 255;
    levels[level] = isInverse ? 255 - shown : shown;
  }
  const out = context.createImageData(canvas.width, canvas.height), { data } = out;
  for (let i = 0; i < pixels.length; i += 4) {
    data[i] = levels[pixels[i]];
    data[i + 1] = levels[pixels[i + 1]];
    data[i + 2] = levels[pixels[i + 2]];
    data[i + 3] = 255;
  }
  context.putImageData(out, 0, 0);
  return canvas;
}
