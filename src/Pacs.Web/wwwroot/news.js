// A shared worker: one connection for the events of the server, however many tabs are open.

const ports = new Set();
const source = new EventSource('ereignisse'); // beside this file

source.addEventListener('studien', e => {
  for (const port of ports) {
    port.postMessage(e.data);
  }
});

onconnect = e => ports.add(e.ports[0]);
