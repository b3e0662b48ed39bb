// The print page: its button, and Esc leads back as everywhere.

const button = document.getElementById('print');
button.hidden = false;
button.addEventListener('click', () => print());
document.addEventListener('keydown', e => {
  if (e.key === 'Escape') document.querySelector('.back').click();
});
