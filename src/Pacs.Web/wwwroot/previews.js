// The small picture of a cine moves while somebody points at it or has it in focus: the page says which frames, a dozen at most, and the server renders them small. Nothing moves for who wants no
// motion, nothing is loaded for who only passes over it, and it ends by itself before five seconds (WCAG 2.2, 2.2.2).

const Wait = 150; // ms: who sweeps over the page with the mouse looks at nothing
const Beat = 125;
const Rounds = 3;
const still = matchMedia('(prefers-reduced-motion: reduce)');

for (const link of document.querySelectorAll('a.cine')) {
  const image = link.querySelector('img');
  const first = image.getAttribute('src');
  const addresses = link.dataset.frames.split(' ').map(frame => first.replace(/\/\d+\?/, `/${frame}?`));
  let run = 0;

  const stop = () => {
    run++;
    image.src = first;
    link.classList.remove('moving');
  };
  const start = async () => {
    const mine = ++run;
    const pause = ms => new Promise(resolve => setTimeout(resolve, ms));
    await pause(Wait);
    if (mine !== run || still.matches) {
      return;
    }
    const frames = [];
    for (const address of addresses) {
      const frame = new Image();
      frame.src = address;
      await frame.decode().then(() => frames.push(address), () => null);
      if (mine !== run) {
        return;
      }
    }
    link.classList.add('moving');
    for (let beat = 0; beat < frames.length * Rounds && mine === run && !still.matches; beat++) {
      image.src = frames[beat % frames.length];
      await pause(Beat);
    }
    if (mine === run) {
      stop();
    }
  };

  link.addEventListener('pointerenter', e => e.pointerType === 'mouse' && start());
  link.addEventListener('pointerleave', stop);
  link.addEventListener('focus', () => link.matches(':focus-visible') && start());
  link.addEventListener('blur', stop);
}
