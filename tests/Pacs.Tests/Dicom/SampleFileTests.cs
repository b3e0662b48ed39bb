using System.Globalization;
using System.Text;
using Pacs.Dicom;

namespace Pacs.Tests;

/// <summary>Files of many devices and tools, against the facts that pydicom and dcmdump read from them.</summary>
public sealed class SampleFileTests
{
    /// <summary>What an index wants to know, in the order of tags.</summary>
    private static readonly DicomTag[] Wanted =
    [
        DicomTag.SpecificCharacterSet, DicomTag.SOPClassUID, DicomTag.SOPInstanceUID, DicomTag.StudyDate, DicomTag.AccessionNumber, DicomTag.Modality,
        DicomTag.Manufacturer, DicomTag.ProcedureCodeSequence, DicomTag.ReferencedStudySequence, DicomTag.PatientName, DicomTag.PatientID,
        DicomTag.PatientBirthDate, DicomTag.PatientSex, DicomTag.StudyInstanceUID, DicomTag.SeriesInstanceUID, DicomTag.PhotometricInterpretation,
        DicomTag.NumberOfFrames, DicomTag.Rows, DicomTag.Columns, DicomTag.BitsAllocated, DicomTag.ConceptNameCodeSequence, DicomTag.RequestAttributesSequence,
    ];

    /// <summary>Files cut in the middle of an element; pydicom reads as far as they go.</summary>
    private static readonly DicomReadOptions Truncated = new() { AllowTruncation = true };

    [Fact]
    public void Every_readable_sample_has_the_facts_of_the_manifest()
    {
        var wrong = new List<string>();
        var count = 0;
        foreach (var sample in SharedSamples.Readable)
        {
            count++;
            try
            {
                var file = DicomFile.Open(sample.FullPath, sample["parse_dcmdump"].StartsWith("rc0", StringComparison.Ordinal) ? null : Truncated);
                wrong.AddRange(Differences(sample, file.Dataset).Select(d => $"{sample}: {d}"));
            }
            catch (DicomException) when (sample.Path.Contains("/E_hostile/", StringComparison.Ordinal))
            {
                // bombs, fragments without a length: another test sees to it that they do no harm
            }
            catch (DicomException e)
            {
                wrong.Add($"{sample}: {e.Message}");
            }
        }
        Assert.True(count > 300, $"only {count} samples");
        Assert.True(wrong.Count == 0, string.Join("\n", wrong));
    }

    [Fact]
    public void The_header_alone_has_the_same_facts_and_ends_where_the_pixel_data_begin()
    {
        var wrong = new List<string>();
        foreach (var sample in SharedSamples.Readable.Where(s => s["parse_dcmdump"].StartsWith("rc0", StringComparison.Ordinal)))
        {
            var header = DicomFile.Open(sample.FullPath, DicomReadOptions.HeaderOnly);
            wrong.AddRange(Differences(sample, header.Dataset).Select(d => $"{sample}: {d}"));
            if (header.Dataset.Contains(DicomTag.PixelData))
            {
                wrong.Add($"{sample}: pixel data in the header");
            }
            var length = new FileInfo(sample.FullPath).Length;
            if (!header.Syntax.IsDeflated && header.EndOffset < length)
            {
                var bytes = File.ReadAllBytes(sample.FullPath).AsSpan((int)header.EndOffset, 4);
                var group = header.Syntax.IsBigEndian ? (bytes[0] << 8) | bytes[1] : bytes[0] | (bytes[1] << 8);
                if (group < 0x7FE0)
                {
                    wrong.Add($"{sample}: stopped at group {group:X4}");
                }
            }
        }
        Assert.True(wrong.Count == 0, string.Join("\n", wrong));
    }

    [Fact]
    public void The_scanner_sees_what_the_reader_sees()
    {
        var wrong = new List<string>();
        foreach (var sample in SharedSamples.Readable.Where(s => s["parse_dcmdump"].StartsWith("rc0", StringComparison.Ordinal)))
        {
            var bytes = File.ReadAllBytes(sample.FullPath);
            var header = DicomFile.Parse(bytes, DicomReadOptions.HeaderOnly);
            var start = MetaLength(bytes);
            var scanner = new HeaderScanner(header.Syntax, Wanted);
            scanner.Push(bytes.AsSpan(start));
            scanner.Complete();
            wrong.AddRange(Differences(sample, scanner.Header).Select(d => $"{sample}: {d}"));
            if (scanner.HeaderLength != header.EndOffset - start)
            {
                wrong.Add($"{sample}: the header has {header.EndOffset - start} bytes, the scanner says {scanner.HeaderLength}");
            }
            foreach (var element in header.Dataset.Where(e => Wanted.Contains(e.Tag)))
            {
                if (!scanner.Header.TryGet(element.Tag, out var scanned) || !Datasets.Same(element, scanned))
                {
                    wrong.Add($"{sample}: {element} is {scanned} for the scanner");
                }
            }
        }
        Assert.True(wrong.Count == 0, string.Join("\n", wrong));
    }

    [Fact]
    public void Every_readable_sample_survives_being_written_in_every_syntax_that_can_hold_it()
    {
        var wrong = new List<string>();
        foreach (var sample in SharedSamples.Readable.Where(s => s["parse_dcmdump"].StartsWith("rc0", StringComparison.Ordinal) && s.Number("size") < 300_000))
        {
            var file = DicomFile.Open(sample.FullPath);
            var isEncapsulated = file.Dataset.Get(DicomTag.PixelData) is { IsEncapsulated: true };
            TransferSyntax[] targets = isEncapsulated
                ? [file.Syntax.IsEncapsulated ? file.Syntax : TransferSyntax.JpegBaseline]
                : [TransferSyntax.ExplicitVRLittleEndian, TransferSyntax.ExplicitVRBigEndian, TransferSyntax.DeflatedExplicitVRLittleEndian];
            foreach (var target in targets)
            {
                foreach (var options in new[] { DicomWriteOptions.Default, new DicomWriteOptions { UndefinedLengths = true } })
                {
                    try
                    {
                        var warnings = new DicomWarnings();
                        var bytes = DicomWriter.ToBytes(file.Dataset, target, options);
                        var again = DicomReader.Read(bytes, target, warnings: warnings);
                        if (Datasets.Difference(file.Dataset, again) is { } difference)
                        {
                            wrong.Add($"{sample} in {target}: {difference}");
                        }
                        wrong.AddRange(warnings.Select(w => $"{sample} in {target}: {w}"));
                    }
                    catch (DicomException e)
                    {
                        wrong.Add($"{sample} in {target}: {e.Message}");
                    }
                }
            }
        }
        Assert.True(wrong.Count == 0, string.Join("\n", wrong));
    }

    [Fact]
    public void Every_sample_hostile_ones_included_is_read_or_refused_in_bounded_time_and_memory()
    {
        var slow = new List<string>();
        foreach (var sample in SharedSamples.All.Where(s => s.IsDicom))
        {
            var bytes = File.ReadAllBytes(sample.FullPath);
            var before = GC.GetAllocatedBytesForCurrentThread();
            var started = TimeProvider.System.GetTimestamp();
            foreach (var options in new[] { DicomReadOptions.Default, DicomReadOptions.HeaderOnly, Truncated })
            {
                try
                {
                    DicomFile.Parse(bytes, options);
                }
                catch (DicomException)
                {
                    // refusing is one of the two allowed answers
                }
            }
            var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            var elapsed = TimeProvider.System.GetElapsedTime(started);
            // a deflated file may take what its bound allows: three readings, buffers that doubled
            var bound = sample.Path.Contains("deflate", StringComparison.Ordinal) ? 1L << 30 : 4_000_000 + (40L * bytes.Length);
            if (allocated > bound || elapsed > TimeSpan.FromSeconds(60))
            {
                slow.Add($"{sample}: {allocated} bytes, {elapsed.TotalSeconds:F1} s");
            }
        }
        Assert.True(slow.Count == 0, string.Join("\n", slow));
    }

    private static IEnumerable<string> Differences(SharedSamples.Sample sample, DicomDataset dataset)
    {
        (string Column, DicomTag Tag)[] texts =
        [
            ("sop_class_uid", DicomTag.SOPClassUID), ("sop_instance_uid", DicomTag.SOPInstanceUID), ("study_uid", DicomTag.StudyInstanceUID),
            ("series_uid", DicomTag.SeriesInstanceUID), ("modality", DicomTag.Modality), ("accession", DicomTag.AccessionNumber),
            ("study_date", DicomTag.StudyDate), ("patient_birth_date", DicomTag.PatientBirthDate), ("patient_sex", DicomTag.PatientSex),
            ("patient_id", DicomTag.PatientID), ("rows", DicomTag.Rows), ("cols", DicomTag.Columns), ("bits_allocated", DicomTag.BitsAllocated),
            ("frames", DicomTag.NumberOfFrames), ("photometric", DicomTag.PhotometricInterpretation),
        ];
        // dcmdump and we take the first of two, pydicom the last
        var isDuplicate = sample.Path.EndsWith("duplicate_element.dcm", StringComparison.Ordinal);
        foreach (var (column, tag) in texts)
        {
            var expected = sample[column].Trim(' ', '\0');
            var actual = dataset.GetString(tag) ?? "";
            // the manifest cuts long values, and notes with '!' or b'' what pydicom could not read
            if (expected.Length == 0 || expected[0] == '!' || expected.StartsWith("b'", StringComparison.Ordinal) || (isDuplicate && tag == DicomTag.PatientID) || (expected.Length >= 150 && actual.StartsWith(expected[..150], StringComparison.Ordinal)))
            {
                continue;
            }
            if (expected != actual && (Ascii.IsValid(expected) || !Ascii.IsValid(actual)))
            {
                yield return string.Create(CultureInfo.InvariantCulture, $"{tag} is '{actual}', the manifest says '{expected}'");
            }
        }
    }

    /// <summary>Where the data set begins: found by the tags of group 0002, as dcmtk does.</summary>
    private static int MetaLength(byte[] bytes)
    {
        var at = bytes.Length > 132 && bytes.AsSpan(128, 4).SequenceEqual("DICM"u8) ? 132 : 0;
        while (at + 8 <= bytes.Length && bytes[at] == 2 && bytes[at + 1] == 0)
        {
            var isLong = bytes[at + 4] == 'O' || (bytes[at + 4] == 'U' && bytes[at + 5] == 'N');
            at += isLong ? 12 + BitConverter.ToInt32(bytes, at + 8) : 8 + BitConverter.ToUInt16(bytes, at + 6);
        }
        return at;
    }
}
