"""What of a patient is left in de-identified files, and whether their UIDs hang together, by pydicom.

usage: find_traces.py ORIGINALS DEIDENTIFIED WORD...  ->  JSON list of problems
Both are folders of DICOM files. A WORD must not be anywhere in the bytes of the second, in UTF-8, Latin-1 or without umlauts.
"""
import json
import os
import sys
import warnings

import pydicom

warnings.simplefilter('ignore')
IDENTIFIERS = ('StudyInstanceUID', 'SeriesInstanceUID', 'SOPInstanceUID', 'FrameOfReferenceUID')


def files(folder):
    return [os.path.join(where, name) for where, _, names in os.walk(folder) for name in sorted(names) if name.endswith('.dcm')]


def references(dataset):
    return {str(e.value) for e in dataset.iterall() if e.keyword == 'ReferencedSOPInstanceUID'}


def main():
    originals = [pydicom.dcmread(f) for f in files(sys.argv[1])]
    problems = []
    words = set(sys.argv[3:])
    for dataset in originals:
        words.update(str(dataset[name].value) for name in IDENTIFIERS if name in dataset)
    made = []
    for path in files(sys.argv[2]):
        with open(path, 'rb') as file:
            content = file.read()
        for word in sorted(words):
            for encoding in ('utf-8', 'latin-1', 'ascii'):
                if word.encode(encoding, 'ignore') in content:
                    problems.append(f'{os.path.basename(path)} has {word}')
                    break
        dataset = pydicom.dcmread(path)
        made.append(dataset)
        problems += [f'{os.path.basename(path)} has the private element {e.tag}' for e in dataset.iterall() if e.tag.is_private]
        if dataset.get('PatientIdentityRemoved') != 'YES' or dataset.DeidentificationMethodCodeSequence[0].CodeValue != '113100':
            problems.append(f'{os.path.basename(path)} does not say that it is de-identified')
        if dataset.file_meta.MediaStorageSOPInstanceUID != dataset.SOPInstanceUID:
            problems.append(f'{os.path.basename(path)} has another UID in its file meta group')
    if len(made) != len(originals):
        problems.append(f'{len(made)} files of {len(originals)}')
    for level in ('PatientID', 'StudyInstanceUID', 'SeriesInstanceUID', 'SOPInstanceUID'):
        before, after = len({str(d.get(level)) for d in originals}), len({str(d.get(level)) for d in made})
        if before != after:
            problems.append(f'{level}: {before} became {after}')
    inside = {str(d.SOPInstanceUID) for d in made}
    before = sum(len(references(d) & {str(o.SOPInstanceUID) for o in originals}) for d in originals)
    after = sum(len(references(d) & inside) for d in made)
    if before != after:
        problems.append(f'{before} references within the study became {after}')
    print(json.dumps(problems))


if __name__ == '__main__':
    main()
