namespace Pacs.Dicom.Network;

/// <summary>
/// What requestor and acceptor agreed on for queries beyond the baseline (PS3.4 §C.5.1.1.1, table C.5-1): one byte each in the SOP class extended negotiation. What was not
/// negotiated is false.
/// </summary>
/// <param name="Relational">Byte 1: conditions on any level, unique keys of the levels above not needed.</param>
/// <param name="CombinedDateTime">Byte 2: a date range and a time range are one range of moments (PS3.4 §C.2.2.2.5.1).</param>
/// <param name="FuzzyNames">Byte 3: person names are matched fuzzily.</param>
public readonly record struct QueryNegotiation(bool Relational, bool CombinedDateTime, bool FuzzyNames)
{
    // byte 4 is the adjustment of times to a zone, byte 5 the conversion of enhanced multi-frame images: we do neither
    private static ReadOnlySpan<byte> Ours => [1, 1, 1, 0, 0];

    /// <summary>The acceptor's answer to a proposal: as many bytes, but none that we do not know; those set that both sides support.</summary>
    public static ReadOnlyMemory<byte> Answer(ReadOnlyMemory<byte> proposed)
    {
        var answer = new byte[Math.Min(proposed.Length, Ours.Length)];
        for (var i = 0; i < answer.Length; i++)
        {
            answer[i] = proposed.Span[i] == 1 ? Ours[i] : (byte)0;
        }
        return answer;
    }

    /// <summary>What was agreed for a SOP class on an association that we accepted.</summary>
    public static QueryNegotiation Of(AssociationInfo association, string sopClass)
    {
        ArgumentNullException.ThrowIfNull(association);
        foreach (var proposed in association.ExtendedNegotiations)
        {
            if (proposed.SopClass == sopClass)
            {
                var agreed = Answer(proposed.Information).Span;
                return new QueryNegotiation(IsSet(agreed, 0), IsSet(agreed, 1), IsSet(agreed, 2));
            }
        }
        return default;

        static bool IsSet(ReadOnlySpan<byte> bytes, int index) => index < bytes.Length && bytes[index] == 1;
    }
}
