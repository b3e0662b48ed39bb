// N-services by dcmjs-dimse. One line of JSON for each thing that happens.
//   node dimse.js mpps PORT ACCESSION STUDY            creates a step, completes it, tries once more, reads it
//   node dimse.js commit PORT TRANSACTION LINGER UID…  asks for storage commitment and keeps the association for LINGER ms
//   node dimse.js listen PORT                          takes reports of storage commitment until it is killed
'use strict';
const { Client, Server, Scp, Dataset, requests, responses, constants, log } = require('dcmjs-dimse');
const { NCreateRequest, NSetRequest, NGetRequest, NActionRequest } = requests;
const { NEventReportResponse } = responses;
const { SopClass, PresentationContextResult, TransferSyntax, Status } = constants;
log.level = 'error';

const Mpps = '1.2.840.10008.3.1.2.3.3';
const MppsRetrieve = '1.2.840.10008.3.1.2.3.4';
const Commitment = '1.2.840.10008.1.20.1';
const CommitmentInstance = '1.2.840.10008.1.20.1.1';
const Ultrasound = '1.2.840.10008.5.1.4.1.1.6.1';

const say = (what) => process.stdout.write(JSON.stringify(what) + '\n');
const [command, port, ...rest] = process.argv.slice(2);

function report(request, callback) {
  const data = request.getDataset().getElements();
  const items = (sequence) => [].concat(sequence ?? []).map((i) => [i.ReferencedSOPInstanceUID, i.FailureReason ?? 0]);
  say({ event: request.getEventTypeId(), transaction: data.TransactionUID, kept: items(data.ReferencedSOPSequence), failed: items(data.FailedSOPSequence) });
  const response = NEventReportResponse.fromRequest(request);
  response.setStatus(Status.Success);
  callback(response);
}

function send(all, linger = 0) {
  const client = new Client();
  for (const [name, request] of all) {
    request.on('response', (r) => say({ name, status: r.getStatus(), comment: r.getErrorComment?.(), data: r.getDataset()?.getElements() }));
    client.addRequest(request);
  }
  client.on('nEventReportRequest', (request, callback) => report(request, callback));
  client.on('associationRejected', () => say({ name: 'rejected' }));
  client.on('networkError', (e) => { say({ name: 'error', comment: e.message }); process.exitCode = 1; });
  client.send('127.0.0.1', Number(port), 'NODE', 'ORTHANC', { associationLingerTimeout: linger });
}

if (command === 'mpps') {
  const [accession, study] = rest;
  const step = `2.25.${Date.now()}`;
  const create = new NCreateRequest(Mpps, step);
  create.setDataset(new Dataset({
    Modality: 'US', PatientName: 'Doe^John', PatientID: '4711', PatientBirthDate: '19000101', PatientSex: 'M', StudyID: '1', PerformedStationAETitle: 'NODE',
    PerformedProcedureStepStartDate: '20260105', PerformedProcedureStepStartTime: '093000', PerformedProcedureStepStatus: 'IN PROGRESS', PerformedProcedureStepID: 'P1',
    ScheduledStepAttributesSequence: [{ StudyInstanceUID: study, AccessionNumber: accession, ScheduledProcedureStepID: accession, RequestedProcedureID: accession }],
  }));
  const set = () => {
    const request = new NSetRequest(Mpps, step);
    request.setDataset(new Dataset({
      PerformedProcedureStepStatus: 'COMPLETED', PerformedProcedureStepEndDate: '20260105', PerformedProcedureStepEndTime: '094500',
      PerformedSeriesSequence: [{ SeriesInstanceUID: `${study}.1`, ProtocolName: 'Abdomen' }],
    }));
    return request;
  };
  send([['create', create], ['set', set()], ['again', set()], ['get', new NGetRequest(MppsRetrieve, step, ['PatientID', 'PerformedProcedureStepStatus'])]]);
} else if (command === 'commit') {
  const [transaction, linger, ...uids] = rest;
  const ask = new NActionRequest(Commitment, CommitmentInstance, 1);
  ask.setDataset(new Dataset({
    TransactionUID: transaction,
    ReferencedSOPSequence: uids.map((uid) => ({ ReferencedSOPClassUID: Ultrasound, ReferencedSOPInstanceUID: uid })),
  }));
  send([['ask', ask]], Number(linger));
} else {
  class Device extends Scp {
    associationRequested(association) {
      say({ name: 'called', by: association.getCallingAeTitle() });
      for (const { context, id } of association.getPresentationContexts().map((c) => ({ id: c.id, context: association.getPresentationContext(c.id) }))) {
        if (context.getAbstractSyntaxUid() === Commitment) {
          context.setResult(PresentationContextResult.Accept, context.getTransferSyntaxUids()[0]);
        } else {
          context.setResult(PresentationContextResult.RejectAbstractSyntaxNotSupported);
        }
      }
      this.sendAssociationAccept();
    }

    nEventReportRequest(request, callback) { report(request, callback); }

    associationReleaseRequested() { this.sendAssociationReleaseResponse(); }
  }
  new Server(Device).listen(Number(port));
  say({ name: 'listening' });
}
