"""Compares retrieved files with the originals, byte for byte after the file meta group, by pydicom's idea of where that ends.

usage: compare_retrieved.py JOBS.json  ->  JSON list of problems
JOBS: {"received": folder, "originals": [path, ...], "rewritten": bool}
 rewritten: another transfer syntax is allowed; then the elements are compared, not the bytes.
"""
import json
import os
import sys
import warnings

import pydicom
from pydicom.filereader import _read_file_meta_info, read_preamble

warnings.simplefilter('ignore')


def split(path):
    """SOP Instance UID and bytes of the data set."""
    with open(path, 'rb') as f:
        read_preamble(f, force=True)
        meta = _read_file_meta_info(f)
        return str(meta.MediaStorageSOPInstanceUID), str(meta.TransferSyntaxUID), f.read()


def plain(dataset):
    """Elements without what only the encoding decides: group lengths, padding, and private elements, whose VR an
    implicit data set does not carry."""
    out = {}
    for element in dataset:
        if element.tag.element == 0 or element.tag.is_private:
            continue
        value = element.value
        if element.VR == 'SQ':
            value = [plain(item) for item in value]
        elif isinstance(value, bytes):
            value = value.rstrip(b'\0 ') if element.tag != 0x7FE00010 else value
        out[int(element.tag)] = str(value) if not isinstance(value, (list, bytes)) else value
    return out


def main():
    job = json.load(open(sys.argv[1]))
    received, problems = {}, []
    for name in sorted(os.listdir(job['received'])):
        uid, syntax, data = split(os.path.join(job['received'], name))
        if uid in received:
            problems.append(uid + ': came twice')
        received[uid] = (os.path.join(job['received'], name), syntax, data)
    for path in job['originals']:
        uid = str(pydicom.dcmread(path, stop_before_pixels=True, force=True).SOPInstanceUID)
        _, syntax, data = split(path)
        if uid not in received:
            problems.append(path + ': did not come')
        elif job.get('rewritten'):
            if plain(pydicom.dcmread(path, force=True)) != plain(pydicom.dcmread(received[uid][0], force=True)):
                problems.append(path + ': other elements')
        elif received[uid][1] != syntax:
            problems.append(path + ': came as ' + received[uid][1])
        elif received[uid][2] != data + b'\0' * (len(data) % 2):  # no fragment may be odd
            problems.append(path + ': other bytes')
        received.pop(uid, None)
    problems += [uid + ': nobody asked for it' for uid in received]
    print(json.dumps(problems))


main()
