"""Compares our DICOM JSON, read by pydicom, with the files it was made from, read by pydicom.

usage: compare_json.py JOBS.json  ->  JSON list of problems
JOBS: [{"file": path, "json": path}]; the JSON is one data set or an array with one. Values with a BulkDataURI are compared by their presence,
palettes as numbers; elements behind the pixel data are optional, since metadata are made from headers.
"""
import json
import math
import struct
import sys
import warnings

import pydicom
from pydicom.valuerep import PersonName

warnings.simplefilter('ignore')
PIXELS = (0x7FE00008, 0x7FE00009, 0x7FE00010)
NUMBERS = ('DS', 'IS', 'FL', 'FD', 'US', 'SS', 'UL', 'SL', 'SV', 'UV', 'US or SS', 'US or OW', 'US or SS or OW')


def scalar(value, vr):
    if isinstance(value, (bytes, bytearray)):
        return bytes(value)
    if isinstance(value, PersonName) or vr == 'PN':
        return '='.join(g.strip(' ') for g in str(value).split('=')).rstrip('=')
    if vr in NUMBERS:
        try:
            number = float(value)
            if vr == 'FL':  # we write 0.1 for the float nearest to it
                number = struct.unpack('<f', struct.pack('<f', number))[0]
            return 'nan' if math.isnan(number) else number
        except (TypeError, ValueError):
            return str(value).strip(' \0')
    if vr == 'AT':
        return int(value)
    text = '' if value is None else str(value)
    return text.rstrip(' \0') if vr in ('LT', 'ST', 'UT', 'UR') else text.strip(' \0')


def values(element):
    value = element.value
    if value is None or value == '' or value == b'':
        return []
    many = value if isinstance(value, (list, pydicom.multival.MultiValue)) else [value]
    return [scalar(v, element.VR) for v in many]


def differences(original, read, where=''):
    expected = {e.tag: e for e in original if e.tag.element != 0 and not (where and e.tag == 0x00080005)}
    found = {e.tag: e for e in read if e.tag != 0x00083002}
    for tag in sorted(set(expected) | set(found)):
        place = '%s%08X' % (where, tag)
        if tag not in found:
            if where or tag < 0x7FE00000:
                yield place + ' is missing'
        elif tag not in expected:
            yield place + ' is not in the file'
        elif tag in PIXELS or tag == 0x00080005:
            pass
        elif tag.is_private and found[tag].VR == 'UN' and expected[tag].VR != 'UN':
            pass  # pydicom knows this maker's elements; the file, implicit, does not say
        elif expected[tag].VR == 'SQ':
            a, b = expected[tag].value or [], found[tag].value or []
            if len(a) != len(b):
                yield '%s has %d items instead of %d' % (place, len(b), len(a))
            for i, (x, y) in enumerate(zip(a, b)):
                yield from differences(x, y, place + '/%d/' % (i + 1))
        elif isinstance(expected[tag].value, bytes) and not isinstance(found[tag].value, bytes) and 0x00281201 <= tag <= 0x00281204:
            table, numbers = expected[tag].value, found[tag].value
            wide = len(table) >= 2 * len(numbers)
            if [table[i] if not wide else table[2 * i] | table[2 * i + 1] << 8 for i in range(len(numbers))] != list(numbers):
                yield place + ' has other entries'
        else:
            a, b = values(expected[tag]), values(found[tag])
            if len(b) == 1 and isinstance(b[0], bytes) and not a:
                a = [b'']
            if len(a) == 1 and isinstance(a[0], bytes) and b and isinstance(b[0], bytes):
                a, b = [a[0].rstrip(b'\0')], [b[0].rstrip(b'\0')]
            if a != b and found[tag].value != 'BULK':
                yield '%s %s: %.60r instead of %.60r' % (place, expected[tag].VR, b, a)


def main():
    problems = []
    for job in json.load(open(sys.argv[1])):
        try:
            text = json.load(open(job['json'], encoding='utf-8'))
            read = pydicom.Dataset.from_json(text[0] if isinstance(text, list) else text, lambda tag, vr, uri: 'BULK')
            original = pydicom.dcmread(job['file'], force=True)
            problems += ['%s: %s' % (job['file'], d) for d in list(differences(original, read))[:5]]
        except Exception as e:  # noqa: BLE001: everything is a finding
            problems.append('%s: %r' % (job['file'], e))
    print(json.dumps(problems, indent=1))


main()
