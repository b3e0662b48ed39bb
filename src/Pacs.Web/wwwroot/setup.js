// The first start: the ticks of a device that calls come by themselves. Without it a link shows them.

const state = document.getElementById('stand');

if (state) {
  const source = new EventSource(state.dataset.src);
  source.addEventListener('stand', async e => {
    const now = e.data;
    if (now === state.dataset.stand) {
      return;
    }
    const answer = await fetch(location.href, { headers: { Accept: 'text/html' } }).catch(() => null);
    if (!answer?.ok) {
      return; // it is told again when something comes
    }
    const page = new DOMParser().parseFromString(await answer.text(), 'text/html').getElementById('stand');
    if (page) {
      state.dataset.stand = page.dataset.stand;
      state.replaceChildren(...page.children);
      if (+now.split(' ')[1] > 0) {
        source.close(); // there is nothing more to wait for
      }
    }
  });
  addEventListener('pagehide', () => source.close());
  addEventListener('pageshow', e => e.persisted && location.reload());
}
