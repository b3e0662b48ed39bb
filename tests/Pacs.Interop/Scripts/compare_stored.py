"""Compares stored files with what was sent, by pydicom and by bytes; never with our own reader.

usage: compare_stored.py JOBS.json  ->  JSON list of {sample, problem}
JOBS: {"database": path, "storage": path, "files": [{"sample", "sop", "sent", "facts"}]}
 sent = null, or the same object as dcmtk's `storescp --bit-preserving` wrote it: the bytes that were on the wire.
"""
import json
import os
import sqlite3
import sys
import warnings

import pydicom

warnings.simplefilter('ignore')


def data_set_bytes(path):
    """Everything after the file meta group (PS3.10 7.1), by the group's own length."""
    raw = open(path, 'rb').read()
    assert raw[128:132] == b'DICM', 'no DICM prefix'
    assert raw[132:140] == b'\x02\x00\x00\x00UL\x04\x00', 'no group length'
    return raw[144 + int.from_bytes(raw[140:144], 'little'):]


def without_group_lengths(dataset):
    for element in list(dataset):
        if element.tag.element == 0:
            del dataset[element.tag]
        elif element.VR == 'SQ':
            for item in element.value:
                without_group_lengths(item)
    return dataset


# column of the index -> column of the manifest, whose values two independent readers found, by level
PATIENT = {'patient_id': 'patient_id', 'name': 'patient_name', 'birth_date': 'patient_birth_date', 'sex': 'patient_sex'}
STUDY = {'accession': 'accession', 'date': 'study_date', 'study_uid': 'study_uid'}
SERIES = {'series_uid': 'series_uid', 'modality': 'modality'}
INSTANCE = {'sop_class': 'sop_class_uid', 'syntax': 'ts_uid', 'frames': 'frames'}


def expected_value(column, text):
    if text.startswith("b'"):
        text = text[2:-1]  # pydicom gave bytes: a value too long for its VR
    if column == 'frames':
        return text if text.isdigit() and int(text) > 0 else '1'
    return text.replace('\0', '').rstrip('=')


def wrong_fact(job, entries, seen):
    """The first instance of a patient, study or series says what is in the index about it; later ones may say something else."""
    columns = dict(INSTANCE)
    key = (entries[0]['patient_id'],)
    for level, more in ((key, PATIENT), (key + (entries[0]['study_uid'],), STUDY), (key + (entries[0]['study_uid'], entries[0]['series_uid']), SERIES)):
        if level not in seen:
            seen.add(level)
            columns.update(more)
    for column, fact in columns.items():
        if column == 'series_uid' and repaired(job):
            continue
        expected = expected_value(column, job['facts'][fact])
        values = [str(entry[column] if entry[column] is not None else '').replace('\0', '').rstrip('=') for entry in entries]
        # pydicom cuts blanks at both ends; the index keeps leading ones, which are part of the value (PS3.5 6.2)
        values = [value.strip() for value in values]
        expected = expected.strip()
        # the manifest cuts long values
        if expected not in values and not (len(expected) > 100 and any(value.startswith(expected) for value in values)):
            return f'{column} in the index is {values!r:.200}, the manifest has {expected!r:.200}'
    return None


def repaired(job):
    """Objects of this maker are put right on reception: docs/adr/0014."""
    return job['facts']['manufacturer'].lower() == 'sonoscape'


def without_repairs(path):
    dataset = pydicom.dcmread(path)
    for tag in (0x0020000E, 0x00200011, 0x0008103E, 0x00280004, 0x04000561):
        if tag in dataset:
            del dataset[tag]
    return dataset


def problem(job, storage, rows, seen):
    entries = rows.get(job['sop'])
    if not entries:
        return 'acknowledged, but not in the index'
    # of two elements with the same tag pydicom takes the last one, dcmtk and we the first
    if 'duplicate_element' not in job['sample']:
        fact = wrong_fact(job, entries, seen)
        if fact:
            return fact
    if job['sent'] is None:
        return None  # dcmtk's receiver does not take this syntax: there is nothing to compare bytes with
    stored = [os.path.join(storage, entry['key']) for entry in entries]
    if not all(map(os.path.isfile, stored)):
        return 'in the index, but not on disk'
    if 'duplicate_element' in job['sample']:
        return None if any(data_set_bytes(path) == data_set_bytes(job['sent']) for path in stored) else 'not what was on the wire'
    if repaired(job):
        return None if any(without_repairs(path) == without_repairs(job['sent']) for path in stored) else 'more than the repair has changed'
    wire = data_set_bytes(job['sent'])
    match = [path for path in stored if data_set_bytes(path) == wire]
    if not match:
        return 'the stored data set is not what was on the wire'
    meta = pydicom.dcmread(match[0], stop_before_pixels=True, force=True).file_meta
    if meta.MediaStorageSOPInstanceUID != job['sop']:
        return 'file meta names another instance'
    if meta.TransferSyntaxUID != pydicom.dcmread(job['sent'], stop_before_pixels=True, force=True).file_meta.TransferSyntaxUID:
        return 'file meta names another transfer syntax'
    try:
        original = without_group_lengths(pydicom.dcmread(os.path.join(job['root'], job['sample']), force=True))
    except Exception:
        return None  # pydicom can't read the original: dcmtk's bytes above are the proof
    kept = without_group_lengths(pydicom.dcmread(match[0], force=True))
    for element in original:
        if element.tag not in kept:
            if element.value in (None, '', b'') or element.tag in (0x00080005, 0xFFFCFFFC):
                continue
            return f'{element.tag} is missing'
        other = kept[element.tag]
        if element.VR != 'SQ' and other.VR == element.VR and element.tag != 0x7FE00010 and other.value != element.value:
            if isinstance(element.value, bytes) and other.value.rstrip(b'\0') == element.value.rstrip(b'\0'):
                continue
            return f'{element.tag} has another value'
    return None


def main():
    jobs = json.load(open(sys.argv[1]))
    database = sqlite3.connect(f"file:{jobs['database']}?mode=ro", uri=True)
    rows = {}
    database.row_factory = sqlite3.Row
    for row in database.execute(
            'select i.uid, i.key, i.sop_class, i.syntax, i.frames, e.uid series_uid, e.modality, s.uid study_uid, s.accession, s.date,'
            ' p.patient_id, p.name, p.birth_date, p.sex from instance i join series e on e.id = i.series join study s on s.id = e.study'
            ' join patient p on p.id = s.patient'):
        rows.setdefault(row['uid'], []).append(row)
    found = []
    seen = set()
    for job in jobs['files']:
        try:
            text = problem({**job, 'root': jobs['root']}, jobs['storage'], rows, seen)
        except Exception as error:  # one odd file must not hide the others
            text = f'{type(error).__name__}: {error}'
        if text:
            found.append({'sample': job['sample'], 'problem': text})
    json.dump(found, sys.stdout)


main()
