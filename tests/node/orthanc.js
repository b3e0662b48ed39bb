// Drives an Orthanc through orthanc-client, a client of others, unchanged. Prints what each call of it gave, as JSON.
//   node orthanc.js http://host:port file.dcm
'use strict';
const fs = require('fs');
const Client = require('orthanc-client');

const client = new Client({ url: process.argv[2].replace(/\/$/, ''), auth: { username: 'nobody', password: 'nothing' } });
const file = fs.readFileSync(process.argv[3]);
const results = {};

async function call(name, action) {
    try {
        let value = await action();
        if (Buffer.isBuffer(value)) {
            value = { bytes: value.length > 0 };
        }
        results[name] = value === undefined ? null : value;
    } catch (error) {
        results[name] = { failed: typeof error === 'object' && error !== null ? Object.keys(error).sort().join(' ') : String(error) };
    }
}

(async () => {
    await call('instances.add', () => client.instances.add(file));
    const stored = results['instances.add'];
    const ids = { instances: stored.ID, series: stored.ParentSeries, studies: stored.ParentStudy, patients: stored.ParentPatient };
    for (const level of Object.keys(ids)) {
        await call(`${level}.getAll`, () => client[level].getAll());
        for (const one of ['get', 'getModule', 'getModulePatient', 'getPatient', 'getStudy', 'getSeries', 'getStudies', 'getInstances', 'getTags', 'getSharedTags', 'getStatistics', 'getAllFrames', 'getFile', 'getArchive',
            'getMedia', 'getProtected']) {
            if (client[level][one]) {
                await call(`${level}.${one}`, () => client[level][one](ids[level]));
            }
        }
        await call(`${level}.getModule simplify`, () => client[level].getModule(ids[level], true));
    }
    await call('instances.getTags simplify', () => client.instances.getTags(ids.instances, true));
    await call('instances.getContent', () => client.instances.getContent(ids.instances, '0010', '0010'));
    for (const format of ['image-int16', 'image-uint16', 'image-uint8', 'preview']) {
        await call(`instances.getImage ${format}`, () => client.instances.getImage(ids.instances, format));
        await call(`instances.getFrame ${format}`, () => client.instances.getFrame(ids.instances, 0, format));
    }
    await call('patients.setProtected', () => client.patients.setProtected(ids.patients, true));
    await call('patients.getProtected', () => client.patients.getProtected(ids.patients));
    await call('tools.generateUid', async () => typeof await client.tools.generateUid('study'));
    await call('tools.now', async () => typeof await client.tools.now());
    await call('tools.dicomConformance', async () => (await client.tools.dicomConformance()).length > 1000);
    await call('system', async () => Object.keys(await client.system.system()).includes('DicomAet'));
    await call('changes', async () => (await client.changes.getChanges({ since: 0, limit: 4 })).Changes.map(c => c.ChangeType));
    await call('changes.last', async () => Object.keys(await client.changes.getChanges({ last: true })));
    await call('exports', () => client.exports.getExports({}));
    await call('exports.delete', () => client.exports.deleteExports());
    process.stdout.write(JSON.stringify(results));
})();
