// Plays the frames of a cine at their time, as the device wants it (only a part, or to and fro), or the images of a series. None is left out: where pictures come too slowly the cine waits, until it has been seen once.

// images that were not taken as a cine: as fast as somebody looks through a series
const STACK_TIME = 100;

const playing = new Map();

export const isPlaying = pane => playing.has(pane);

export function stop(pane) {
  playing.delete(pane);
}

export function play(pane) {
  const { series, instance } = pane;
  if (!series || !instance || (instance.frames < 2 && series.count < 2)) return false;
  const turn = { by: 1 };
  playing.set(pane, turn);
  let due = 0;
  const step = now => {
    if (playing.get(pane) !== turn) return;
    if (pane.series !== series || pane.message.hidden === false) { stop(pane); return; }
    requestAnimationFrame(step);
    // a hair too early is on time: the screen's next picture would be late by a whole one
    if (now < due - 3 || !isHere(pane)) return;
    const { at, frame } = pane.want, current = series.at(at), isCine = current?.frames > 1;
    const to = isCine ? next(turn, frame, current) : 1;
    // as long as the frame that comes is to be seen
    const time = isCine ? current.details?.frameTimes?.[to - 1] ?? current.details?.frameTime ?? 40 : STACK_TIME;
    // after a pause it goes on from now, and does not rush
    due = now - due > 2 * time ? now + time : due + time;
    if (isCine) pane.go(at, to);
    else pane.go((at + 1) % series.count);
  };
  requestAnimationFrame(step);
  return true;
}

const isHere = ({ want, shown }) => shown !== null && shown.at === want.at && shown.frame === want.frame;

/** The frame behind one. From outside of the part that is played it goes to its begin. */
function next(turn, frame, { frames, details }) {
  const [first, last] = details?.trim ?? [1, frames];
  if (frame < first || frame > last) return first;
  if (!details?.sweeps) return frame === last ? first : frame + 1;
  if (frame === last) turn.by = -1;
  if (frame === first) turn.by = 1;
  return frame + turn.by;
}
