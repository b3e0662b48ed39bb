// Small parts of pages.

export function lineOf(words) {
  const line = document.createElement('div');
  line.textContent = words;
  return line;
}

/** Fills an element with lines; what is empty is left out. */
export function lines(element, ...all) {
  element.replaceChildren(...all.filter(Boolean).map(lineOf));
}

export function linkTo(href, words) {
  const link = document.createElement('a');
  link.href = href;
  link.target = '_blank';
  link.textContent = words;
  return link;
}

export function buttonFor(words, pressed) {
  const button = document.createElement('button');
  button.type = 'button';
  button.textContent = words;
  button.addEventListener('click', pressed);
  return button;
}
