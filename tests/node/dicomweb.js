// DICOMweb by dicomweb-client, the library below OHIF and cornerstone3D. Prints one object of JSON with what it got.
//   node dicomweb.js URL FILE…    stores the files, then finds and retrieves the first one in every way
'use strict';
const fs = require('fs');
const crypto = require('crypto');
const { api } = require('dicomweb-client');

// what the library needs of a browser
globalThis.XMLHttpRequest = class {
  readyState = 0;
  status = 0;
  responseType = '';
  #headers = {};
  #answer;

  open(method, url) { this.method = method; this.url = url; }
  setRequestHeader(name, value) { this.#headers[name] = value; }
  getResponseHeader(name) { return this.#answer.headers.get(name); }
  getAllResponseHeaders() { return [...this.#answer.headers].map(([n, v]) => `${n}: ${v}`).join('\r\n'); }

  async send(body) {
    this.#answer = await fetch(this.url, { method: this.method, headers: this.#headers, body });
    const bytes = await this.#answer.arrayBuffer();
    this.status = this.#answer.status;
    const text = () => Buffer.from(bytes).toString('utf8');
    this.response = this.responseType === 'arraybuffer' ? bytes : this.responseType === 'json' ? (bytes.byteLength ? JSON.parse(text()) : null) : text();
    this.readyState = 4;
    this.onreadystatechange?.();
    this.onloadend?.();
  }
};

// some methods give the body, some a list with it
const one = (answer) => Buffer.from(Array.isArray(answer) ? answer[0] : answer);
const hash = (bytes) => crypto.createHash('sha256').update(one(bytes)).digest('hex');
const value = (dataset, tag) => dataset[tag]?.Value?.[0];

async function main([url, ...files]) {
  const client = new api.DICOMwebClient({ url, verbose: false });
  const datasets = files.map((f) => { const b = fs.readFileSync(f); return b.buffer.slice(b.byteOffset, b.byteOffset + b.byteLength); });
  const out = {};
  out.stored = JSON.parse(await client.storeInstances({ datasets }))['00081199'].Value.map((i) => value(i, '00081155'));

  const [study] = await client.searchForStudies({ queryParams: { PatientName: 'Müller*' } });
  const studyInstanceUID = value(study, '0020000D');
  const [series] = await client.searchForSeries({ studyInstanceUID });
  const seriesInstanceUID = value(series, '0020000E');
  const instances = await client.searchForInstances({ studyInstanceUID, seriesInstanceUID });
  const sopInstanceUID = value(instances[0], '00080018');
  const instance = { studyInstanceUID, seriesInstanceUID, sopInstanceUID };
  out.found = { name: value(study, '00100010').Alphabetic, series: seriesInstanceUID, instances: instances.length };
  out.nobody = (await client.searchForStudies({ queryParams: { PatientName: 'Nobody' } })).length;

  const [metadata] = await client.retrieveInstanceMetadata(instance);
  out.metadata = { name: value(metadata, '00100010').Alphabetic, rows: value(metadata, '00280010') };
  out.seriesMetadata = (await client.retrieveSeriesMetadata(instance)).length;
  out.studyMetadata = (await client.retrieveStudyMetadata(instance)).length;

  const stored = [{ mediaType: 'application/octet-stream', transferSyntaxUID: '*' }];
  out.frame = hash((await client.retrieveInstanceFrames({ ...instance, frameNumbers: [1], mediaTypes: stored }))[0]);
  out.frameByDefault = hash((await client.retrieveInstanceFrames({ ...instance, frameNumbers: [1] }))[0]);
  out.bulkdata = hash((await client.retrieveBulkData({ BulkDataURI: metadata['7FE00010'].BulkDataURI }))[0]);

  const head = (bytes) => one(bytes).subarray(0, 4).toString('hex');
  out.jpeg = head(await client.retrieveInstanceRendered({ ...instance, mediaTypes: [{ mediaType: 'image/jpeg' }] }));
  out.png = head(await client.retrieveInstanceFramesRendered({ ...instance, frameNumbers: [1], mediaTypes: [{ mediaType: 'image/png' }], queryParams: { window: ['10', '20', 'linear'], viewport: '4,4' } }));
  out.thumbnail = head(await client.retrieveInstanceThumbnail({ ...instance, mediaTypes: [{ mediaType: 'image/jpeg' }] }));

  out.instance = hash(await client.retrieveInstance(instance));
  out.seriesFiles = (await client.retrieveSeries(instance)).length;
  out.studyFiles = (await client.retrieveStudy(instance)).map((f) => Buffer.from(f).subarray(128, 132).toString());
  process.stdout.write(JSON.stringify(out) + '\n');
}

main(process.argv.slice(2)).catch((e) => { console.error(e.status, e.stack); process.exit(1); });
