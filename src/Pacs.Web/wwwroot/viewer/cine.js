// Plays the frames of a cine at their time, or the images of a series. None is left out: where pictures come too slowly the cine waits, until it has been seen once.

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
  const turn = {};
  playing.set(pane, turn);
  let due = 0;
  const step = now => {
    if (playing.get(pane) !== turn) return;
    if (pane.series !== series || pane.message.hidden === false) { stop(pane); return; }
    requestAnimationFrame(step);
    // a hair too early is on time: the screen's next picture would be late by a whole one
    if (now < due - 3 || !isHere(pane)) return;
    const { at, frame } = pane.want, current = series.at(at), frames = current?.frames ?? 1;
    const time = frames > 1 ? current.details?.frameTime ?? 40 : STACK_TIME;
    // after a pause it goes on from now, and does not rush
    due = now - due > 2 * time ? now + time : due + time;
    if (frames > 1) pane.go(at, frame % frames + 1);
    else pane.go((at + 1) % series.count);
  };
  requestAnimationFrame(step);
  return true;
}

const isHere = ({ want, shown }) => shown !== null && shown.at === want.at && shown.frame === want.frame;
