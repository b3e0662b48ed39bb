// The page of jobs shows how far they are while some are open and somebody looks.

const list = document.getElementById('auftraege');

const refresh = async () => {
  if (!document.hidden && !list.contains(document.activeElement) && !list.querySelector('details[open]')) {
    const answer = await fetch('?teil=liste', { headers: { Accept: 'text/html' } }).catch(() => null);
    if (answer?.ok) {
      list.innerHTML = await answer.text();
    }
  }
  if (list.querySelector('progress') || document.hidden) {
    setTimeout(refresh, 2000);
  }
};

if (list?.dataset.open) {
  setTimeout(refresh, 2000);
}
