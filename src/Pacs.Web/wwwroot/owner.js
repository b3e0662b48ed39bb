// Whose the studies of a medium shall be: whom its files name, or one of our patients, found by name, birth date or number, or typed in.

const FIELDS = ['Nr', 'LastName', 'FirstName', 'Born', 'Sex'];

export class Owner {
  #element;
  #changed;
  #search;
  #hits;
  #typing = 0;
  #asked = 0;

  /** @param family the family name on the medium: the same patient has it here, as a rule */
  constructor(element, family, changed) {
    this.#element = element;
    this.#changed = changed;
    this.#search = element.querySelector('[type=search]');
    this.#hits = element.querySelector('.hits');
    const group = `owner-${crypto.randomUUID?.() ?? Math.random()}`;
    for (const radio of element.querySelectorAll('[type=radio]')) {
      radio.name = group;
      radio.addEventListener('change', () => {
        if (this.#isAssigned && !this.#search.value && !this.number) {
          this.#search.value = family;
          this.#find();
        }
        this.#changed();
      });
    }
    this.#search.addEventListener('input', () => {
      clearTimeout(this.#typing);
      this.#typing = setTimeout(() => this.#find(), 180);
    });
    this.#search.addEventListener('keydown', e => {
      if (e.key === 'ArrowDown') {
        e.preventDefault();
        this.#hits.querySelector('button')?.focus();
      }
    });
    for (const field of FIELDS) {
      this.#field(field).addEventListener('change', () => this.#changed());
    }
  }

  get #isAssigned() {
    return this.#element.querySelector('[value=assign]').checked;
  }

  #field(name) {
    return this.#element.querySelector(`[data-field=${name}]`);
  }

  /** The number of our patient; empty for whom the files name. */
  get number() {
    return this.#isAssigned ? this.#field('Nr').value.trim() : '';
  }

  /** Our patient for people; empty for whom the files name. */
  get shown() {
    return this.#isAssigned ? [this.#field('LastName').value.trim(), this.#field('FirstName').value.trim()].filter(Boolean).join(', ') : '';
  }

  get query() {
    return new URLSearchParams(this.#isAssigned ? FIELDS.map(name => [name, this.#field(name).value]) : []);
  }

  isComplete() {
    return !this.#isAssigned || this.number !== '' && this.#field('LastName').value.trim() !== '';
  }

  complain(words) {
    this.#element.querySelector('.wrong').textContent = words;
    (this.number === '' ? this.#search : this.#field('LastName')).focus();
  }

  async #find() {
    const mine = ++this.#asked;
    const words = this.#search.value.trim();
    const answer = words.length > 1 ? await fetch(`hochladen?handler=Patients&q=${encodeURIComponent(words)}`).catch(() => null) : null;
    const patients = answer?.ok ? await answer.json() : [];
    if (mine !== this.#asked) {
      return;
    }
    this.#hits.replaceChildren(...patients.map(patient => {
      const [line, button] = [document.createElement('li'), document.createElement('button')];
      button.type = 'button';
      button.textContent = patient.shown;
      button.addEventListener('click', () => this.#take(patient));
      line.append(button);
      return line;
    }));
    this.#element.querySelector('.no-hits').hidden = words.length < 2 || patients.length > 0;
  }

  #take(patient) {
    for (const [name, value] of [['Nr', patient.nr], ['LastName', patient.lastName], ['FirstName', patient.firstName], ['Born', patient.born], ['Sex', patient.sex]]) {
      this.#field(name).value = value;
    }
    this.#element.querySelector('.wrong').textContent = '';
    this.#hits.replaceChildren();
    this.#search.value = '';
    this.#field('Nr').focus();
    this.#changed();
  }
}
