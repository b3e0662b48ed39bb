using Pacs.Dicom;

namespace Pacs.Storage;

/// <summary>
/// Makes the answer to a query from an entity that matched: every attribute that was asked for, empty when the entity lacks it, sequences
/// included (PS3.4 §C.4.1.1.3.2, §K.4.1.1.3.2), and no other, in the character set that was wished for, or one that has all the characters.
/// </summary>
public static class ResultBuilder
{
    private static readonly CharacterSet Latin1 = CharacterSet.Parse("ISO_IR 100");

    /// <summary>Makes one answer.</summary>
    /// <param name="entity">What is known. Not changed; its values are shared with the answer.</param>
    /// <param name="keys">What was asked.</param>
    /// <returns>The answer. It says (0008,0005) unless all its texts are ASCII and nothing was wished for.</returns>
    public static DicomDataset Build(DicomDataset entity, QueryKeys keys) => Build(entity, null, keys);

    /// <summary>Makes one answer of an entity of the archive.</summary>
    /// <param name="row">The entity. Not changed; its values are shared with the answer.</param>
    /// <param name="keys">What was asked.</param>
    public static DicomDataset Build(QueryRow row, QueryKeys keys)
    {
        ArgumentNullException.ThrowIfNull(row);
        return Build(row.Dataset, row.Header, keys);
    }

    private static DicomDataset Build(DicomDataset entity, DicomDataset? header, QueryKeys keys)
    {
        ArgumentNullException.ThrowIfNull(entity);
        ArgumentNullException.ThrowIfNull(keys);
        // a peer that does not say what it reads most often reads Latin 1, and hardly ever Unicode
        ReadOnlySpan<CharacterSet> candidates = keys.CharacterSet is { } wish ? [wish, CharacterSet.Utf8] : [CharacterSet.Default, Latin1, CharacterSet.Utf8];
        foreach (var candidate in candidates)
        {
            var answer = new DicomDataset();
            if (candidate.Value.Length > 0)
            {
                answer.Set(DicomTag.SpecificCharacterSet, candidate.Value.Split('\\'));
            }
            if (TryFill(answer, entity, header, keys.Return, candidate))
            {
                return answer;
            }
        }
        throw new InvalidOperationException("Unicode has every character");
    }

    private static bool TryFill(DicomDataset answer, DicomDataset entity, DicomDataset? header, IReadOnlyList<ReturnKey> keys, CharacterSet set)
    {
        foreach (var key in keys)
        {
            var source = entity;
            if (!entity.TryGet(key.Tag, out var known) && header is not null)
            {
                source = header;
                header.TryGet(key.Tag, out known);
            }
            if (known is null && key.IsOptional)
            {
                continue;
            }
            if (known is null)
            {
                answer.Set(key.Vr == DicomVr.SQ ? new DicomElement(key.Tag, Array.Empty<DicomDataset>()) : new DicomElement(key.Tag, key.Vr, ReadOnlyMemory<byte>.Empty));
            }
            else if (!TryCopy(answer, source, known, key.Items, set))
            {
                return false;
            }
        }
        return true;
    }

    private static bool TryCopy(DicomDataset answer, DicomDataset entity, DicomElement known, IReadOnlyList<ReturnKey> inner, CharacterSet set)
    {
        if (known.IsSequence)
        {
            var items = new List<DicomDataset>(known.Items.Count);
            foreach (var knownItem in known.Items)
            {
                var item = new DicomDataset();
                items.Add(item);
                if (!(inner.Count > 0 ? TryFill(item, knownItem, null, inner, set) : TryCopyAll(item, knownItem, set)))
                {
                    return false;
                }
            }
            answer.Set(new DicomElement(known.Tag, items));
            return true;
        }
        if (!known.Vr.IsText || Ascii(known.Value.Span))
        {
            answer.Set(known);
            return true;
        }
        var text = entity.CharacterSet.Decode(known.Value.Span, known.Vr);
        if (!set.TryEncode(text, known.Vr, out var bytes))
        {
            return false;
        }
        answer.Set(new DicomElement(known.Tag, known.Vr, bytes));
        return true;
    }

    private static bool TryCopyAll(DicomDataset item, DicomDataset known, CharacterSet set)
    {
        foreach (var element in known)
        {
            // the answer has one character set, said at its top
            if (element.Tag != DicomTag.SpecificCharacterSet && !TryCopy(item, known, element, [], set))
            {
                return false;
            }
        }
        return true;
    }

    // no escape sequence, no byte above 7F: the same text in every character set of DICOM but Shift JIS (PS3.5 §6.1.2)
    private static bool Ascii(ReadOnlySpan<byte> bytes) => !bytes.ContainsAnyInRange((byte)0x80, (byte)0xFF) && !bytes.Contains((byte)0x1B);
}
