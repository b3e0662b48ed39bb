"""Compares stored files with what was sent, by pydicom and by bytes; never with our own reader.

usage: compare_stored.py JOBS.json  ->  JSON list of {sample, problem}
JOBS: {"database": path, "storage": path, "files": [{"sample", "sop", "sent", "facts"}]}
 sent = the same object as dcmtk's `storescp --bit-preserving` wrote it: the bytes that were on the wire.
"""
import json
import os
import re
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


def unescape(text):
    return re.sub(r'\\([trn0e\\])', lambda m: {'t': '\t', 'r': '\r', 'n': '\n', '0': '\0', 'e': '\x1b', '\\': '\\'}[m[1]], text)


def without_group_lengths(dataset):
    for element in list(dataset):
        if element.tag.element == 0:
            del dataset[element.tag]
        elif element.VR == 'SQ':
            for item in element.value:
                without_group_lengths(item)
    return dataset


# column of the index -> column of the manifest, whose values two independent readers found
FACTS = {'patient_id': 'patient_id', 'name': 'patient_name', 'birth_date': 'patient_birth_date', 'sex': 'patient_sex', 'accession': 'accession',
         'date': 'study_date', 'study_uid': 'study_uid', 'series_uid': 'series_uid', 'modality': 'modality', 'sop_class': 'sop_class_uid',
         'syntax': 'ts_uid', 'frames': 'frames'}


def problem(job, storage, rows):
    entries = rows.get(job['sop'])
    if not entries:
        return 'acknowledged, but not in the index'
    for column, fact in FACTS.items():
        expected = unescape(job['facts'][fact])
        if fact == 'frames' and not expected:
            expected = '1'
        values = [str(entry[column] if entry[column] is not None else '') for entry in entries]
        # pydicom cuts blanks at both ends of a name; the index keeps leading ones, which are part of the value (PS3.5 6.2)
        if expected.strip() not in [value.strip() for value in values]:
            return f'{column} in the index is {values!r}, the manifest has {expected!r}'
    stored = [os.path.join(storage, entry['key']) for entry in entries]
    if not all(map(os.path.isfile, stored)):
        return 'in the index, but not on disk'
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
            if element.value in (None, '', b'') or element.tag == 0x00080005:
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
    for job in jobs['files']:
        try:
            text = problem({**job, 'root': jobs['root']}, jobs['storage'], rows)
        except Exception as error:  # one odd file must not hide the others
            text = f'{type(error).__name__}: {error}'
        if text:
            found.append({'sample': job['sample'], 'problem': text})
    json.dump(found, sys.stdout)


main()
