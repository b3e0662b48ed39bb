using Pacs.Dicom;
using Pacs.Gdt;

namespace Pacs.Tests;

/// <summary>Built-in profiles, and values for their records.</summary>
internal static class Profiles
{
    /// <summary>A built-in profile.</summary>
    public static GdtProfile Of(string name) => Of(new GdtProfileData { Profile = name });

    /// <summary>A profile that must be right.</summary>
    public static GdtProfile Of(GdtProfileData data)
    {
        var problems = new List<GdtProblem>();
        var profile = GdtProfile.TryCreate(data, GdtProfiles.BuiltInOnly, problems);
        Assert.Empty(problems);
        return profile!;
    }

    /// <summary>Values of which every text is the same.</summary>
    public static GdtVariables Values(string text) => new(new Examination(text, text, text, text, new DateOnly(2026, 11, 22), new TimeOnly(8, 4, 41))
    {
        PatientName = PersonName.Parse($"{text}^{text}^^{text}"),
        BirthDate = new DateOnly(1980, 12, 31),
        Sex = "F",
        StudyUid = "1.2.3",
        Text = text,
    });
}
