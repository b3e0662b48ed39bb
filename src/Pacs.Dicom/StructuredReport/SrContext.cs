namespace Pacs.Dicom;

/// <summary>Something a report says about a measurement, or about all below a container: the name of the property and its value.</summary>
/// <param name="Name">What is said, e.g. (363698007, SCT) Finding Site.</param>
/// <param name="Relationship">How it was attached: <c>HAS CONCEPT MOD</c>, <c>HAS OBS CONTEXT</c>, <c>HAS ACQ CONTEXT</c>, <c>HAS PROPERTIES</c> or <c>INFERRED FROM</c>.</param>
/// <param name="Code">The value where it is a code; else null.</param>
/// <param name="Text">The value in words, the meaning of the code too. May be about the patient: not for logs.</param>
public sealed record SrModifier(CodedConcept Name, string Relationship, CodedConcept? Code, string Text)
{
    // of the observation context only what tells one thing from another, in the next report as well: fetus, tracking identifier, identifier, subject
    private static readonly HashSet<string> Subjects = new(StringComparer.Ordinal) { SrContext.FetusKey, "DCM:112039", "DCM:125010", "DCM:121030" };

    // about the document, not about what was measured: language, country, procedure
    private static readonly HashSet<string> AboutDocument = new(StringComparer.Ordinal) { "DCM:121049", "DCM:121050", "DCM:121046", "DCM:121058" };

    /// <summary>
    /// Whether it makes a measurement another one: where and how it was taken, and the equation. Which of several values was chosen does not, nor what was
    /// thought of it, nor who made the report.
    /// </summary>
    public bool IsDistinguishing => Key is not (SrContext.SelectionKey or SrContext.DerivationKey) && Relationship switch
    {
        "HAS PROPERTIES" => false,
        "HAS OBS CONTEXT" => Subjects.Contains(Key),
        _ => !AboutDocument.Contains(Key),
    };

    /// <summary>What is said, for comparing.</summary>
    public string Key { get; } = Name.Key;

    /// <summary>The value for comparing: the key of the code, or the text.</summary>
    public string Value { get; } = Code?.Key ?? Text;
}

/// <summary>
/// What holds for a measurement: the properties stated for it itself and, where it does not state them, those of the containers around it, the nearest
/// first (PS3.3 table C.17.3-8 and §C.17.5: what is said of an item holds for its descendants unless they say otherwise).
/// </summary>
public sealed class SrContext
{
    /// <summary>The most properties of one measurement. Real ones have fewer than fifteen.</summary>
    public const int MaxModifiers = 64;

    /// <summary>The organ or vessel, TID 300 and the templates that include it.</summary>
    public const string FindingSiteKey = "SCT:363698007";

    /// <summary>Left or right.</summary>
    public const string LateralityKey = "SCT:272741003";

    /// <summary>Which part: proximal, distal.</summary>
    public const string TopographyKey = "SCT:106233006";

    /// <summary>2D, M mode, Doppler.</summary>
    public const string ImageModeKey = "SCT:399264008";

    /// <summary>How the value was computed, e.g. Teichholz.</summary>
    public const string MethodKey = "SCT:370129005";

    /// <summary>When in the heartbeat.</summary>
    public const string CardiacPhaseKey = "SCT:272518008";

    /// <summary>When in the breath.</summary>
    public const string RespiratoryPhaseKey = "SCT:272517003";

    /// <summary>Antegrade, regurgitant.</summary>
    public const string FlowDirectionKey = "SCT:260674002";

    /// <summary>Mean, minimum, estimated and so on of several values.</summary>
    public const string DerivationKey = "DCM:121401";

    /// <summary>That this one of several values counts.</summary>
    public const string SelectionKey = "DCM:121404";

    /// <summary>Which fetus.</summary>
    public const string FetusKey = "LN:11951-1";

    internal static readonly SrContext None = new([]);

    private SrContext(IReadOnlyList<SrModifier> modifiers) => Modifiers = modifiers;

    /// <summary>All properties: inherited ones first, the measurement's own last. At most <see cref="MaxModifiers"/>.</summary>
    public IReadOnlyList<SrModifier> Modifiers { get; }

    /// <summary>The value of a property, or null. Of several values the first.</summary>
    /// <param name="key">Its <see cref="CodedConcept.Key"/>, e.g. <see cref="FindingSiteKey"/>.</param>
    public SrModifier? Find(string key)
    {
        foreach (var modifier in Modifiers)
        {
            if (modifier.Key == key)
            {
                return modifier;
            }
        }
        return null;
    }

    // what is stated nearer replaces what is inherited; several values stated at one place stand beside each other
    internal SrContext With(IReadOnlyList<SrModifier> own)
    {
        if (own.Count == 0)
        {
            return this;
        }
        var replaced = own.Select(m => m.Key).ToHashSet(StringComparer.Ordinal);
        return new SrContext([.. Modifiers.Where(m => !replaced.Contains(m.Key)).Concat(own).Take(MaxModifiers)]);
    }
}
