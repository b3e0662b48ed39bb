// The print page: its button, and by itself once all images are there.

document.getElementById('print').addEventListener('click', () => print());
