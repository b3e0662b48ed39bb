using System.Globalization;

namespace Pacs.Gdt;

/// <summary>What a receiver's settings must be: each thing that is wrong is named by its field, for the console, the page and REST alike.</summary>
internal static class GdtReceiverRules
{
    /// <summary>The longest time that attachments can be kept, ten years, as doctors have to keep their records (§ 630f BGB).</summary>
    public const int MaxDays = 3653;

    /// <summary>Makes a receiver.</summary>
    /// <param name="options">What counts for all receivers.</param>
    /// <param name="profiles">The profiles there are.</param>
    /// <param name="others">The receivers there are besides.</param>
    /// <param name="names">The names that are taken.</param>
    /// <param name="settings">What is said of this one.</param>
    /// <param name="problems">Gets everything that is wrong.</param>
    /// <returns>The receiver; null when there is something wrong.</returns>
    public static GdtReceiver? Create(
        GdtOptions options, GdtProfiles profiles, IEnumerable<GdtReceiver> others, IEnumerable<string> names, GdtReceiverSettings settings, ICollection<GdtProblem> problems)
    {
        var found = new List<GdtProblem>();
        if (!IsName(settings.Name))
        {
            Say(nameof(settings.Name), GdtProblemKind.ReceiverName);
        }
        else if (names.Contains(settings.Name))
        {
            Say(nameof(settings.Name), GdtProblemKind.Taken, settings.Name);
        }
        var hasFolder = CheckPath(nameof(settings.Folder), settings.Folder, found);
        if (settings.MarkerFile is { } marker && (marker.Length is 0 or > 255 || marker.AsSpan().ContainsAny('/', '\\', '\0')))
        {
            Say(nameof(settings.MarkerFile), GdtProblemKind.PlainName);
        }
        CheckInbox(options, others, settings, hasFolder, found);
        CheckAttachments(options, settings, found);
        foreach (var (i, rule) in (settings.Orders ?? []).Index())
        {
            if (rule is null || rule.Problem is not null)
            {
                found.Add(new GdtProblem(nameof(settings.Orders), GdtProblemKind.Rule, $"[{i}]", rule?.Problem ?? "it must not be null"));
            }
        }
        var profile = GdtProfile.TryCreate(settings, profiles, found);
        if (profile is not null && settings.AttachmentFolder is not null && !profile.Fits("6305", GdtAttachments.PathOf(settings, new string('x', PlannedAttachment.MaxName))))
        {
            Say(nameof(settings.AttachmentPath), GdtProblemKind.PathLength);
        }
        foreach (var problem in found)
        {
            problems.Add(problem);
        }
        return found.Count == 0 ? new GdtReceiver(settings, profile!) : null;

        void Say(string field, GdtProblemKind kind, params string[] arguments) => found.Add(new GdtProblem(field, kind, "", arguments));
    }

    /// <summary>Whether something can be the name of a receiver: it is in names of files.</summary>
    public static bool IsName(string? name) => name is { Length: >= 1 and <= 32 } && name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '-' or '_');

    private static void CheckInbox(GdtOptions options, IEnumerable<GdtReceiver> others, GdtReceiverSettings settings, bool hasFolder, List<GdtProblem> found)
    {
        const string field = nameof(settings.InboxDirectory);
        if (settings.InboxDirectory is { } inbox && CheckPath(field, inbox, found))
        {
            if (hasFolder && Path.GetFullPath(inbox) == Path.GetFullPath(settings.Folder))
            {
                found.Add(new GdtProblem(field, GdtProblemKind.SameFolder, ""));
            }
            if (others.Any(r => r.Settings.InboxDirectory is { } other && Path.GetFullPath(other) == Path.GetFullPath(inbox)))
            {
                found.Add(new GdtProblem(field, GdtProblemKind.InboxTaken, ""));
            }
            if (!options.HasWorklist)
            {
                found.Add(new GdtProblem(field, GdtProblemKind.NoWorklist, ""));
            }
        }
        if (settings.InboxCharacterSet is { } set && GdtCharacterSet.Find(set) is null)
        {
            found.Add(new GdtProblem(nameof(settings.InboxCharacterSet), GdtProblemKind.OneOf, "", string.Join(", ", GdtCharacterSet.All.Select(s => s.Name))));
        }
    }

    private static void CheckAttachments(GdtOptions options, GdtReceiverSettings settings, List<GdtProblem> found)
    {
        if (settings.AttachLink && options.LinkAddress is null)
        {
            found.Add(new GdtProblem(nameof(settings.AttachLink), GdtProblemKind.NoLinkAddress, ""));
        }
        CheckRange(nameof(settings.AttachImages), settings.AttachImages, GdtAttachments.MaxImages, found);
        CheckRange(nameof(settings.SheetImages), settings.SheetImages, GdtAttachments.MaxImages, found);
        CheckRange(nameof(settings.AttachmentDays), settings.AttachmentDays, MaxDays, found);
        if (settings.SheetImages > 0 && !settings.AttachSheet)
        {
            found.Add(new GdtProblem(nameof(settings.SheetImages), GdtProblemKind.Needs, "", nameof(settings.AttachSheet)));
        }
        if (settings.AttachmentFolder is { } folder)
        {
            CheckPath(nameof(settings.AttachmentFolder), folder, found);
        }
        else if (settings.AttachImages > 0 || settings.AttachSheet)
        {
            found.Add(new GdtProblem(nameof(settings.AttachmentFolder), GdtProblemKind.AbsolutePath, "")); // they need one
        }
        if (settings.AttachmentPath is { } path && path.Any(char.IsControl))
        {
            found.Add(new GdtProblem(nameof(settings.AttachmentPath), GdtProblemKind.ControlCharacters, ""));
        }
    }

    private static void CheckRange(string field, int value, int most, List<GdtProblem> found)
    {
        if (value < 0 || value > most)
        {
            found.Add(new GdtProblem(field, GdtProblemKind.Range, "", "0", most.ToString(CultureInfo.InvariantCulture)));
        }
    }

    private static bool CheckPath(string field, string? path, List<GdtProblem> found)
    {
        if (!Path.IsPathFullyQualified(path ?? "") || path!.Any(char.IsControl))
        {
            found.Add(new GdtProblem(field, GdtProblemKind.AbsolutePath, ""));
            return false;
        }
        return true;
    }

    /// <summary>
    /// What is asked beyond that of a receiver that is entered while the server runs: the server's own folders are none of a receiver's, because an inbox would carry the archive away, and the
    /// configuration may say where receivers have theirs.
    /// </summary>
    public static void CheckPlaces(GdtOptions options, GdtReceiverSettings settings, ICollection<GdtProblem> problems)
    {
        foreach (var (field, path) in new[]
        {
            (nameof(settings.Folder), settings.Folder), (nameof(settings.InboxDirectory), settings.InboxDirectory), (nameof(settings.AttachmentFolder), settings.AttachmentFolder),
        })
        {
            if (!Path.IsPathFullyQualified(path ?? ""))
            {
                continue; // it is absent, or that has been said
            }
            if (options.OwnFolders.Any(own => Inside(path!, own)))
            {
                problems.Add(new GdtProblem(field, GdtProblemKind.OwnFolder, ""));
            }
            else if (options.FolderRoot is { } root && !Inside(path!, root))
            {
                problems.Add(new GdtProblem(field, GdtProblemKind.OutsideRoot, "", root));
            }
        }
    }

    /// <summary>Whether a path is a folder or inside of it. Links are not followed: who can make them on this machine needs no page for it.</summary>
    private static bool Inside(string path, string folder)
    {
        var relative = Path.GetRelativePath(folder, Path.GetFullPath(path));
        return relative == "." || !(relative == ".." || relative.StartsWith(".." + Path.DirectorySeparatorChar, StringComparison.Ordinal) || Path.IsPathRooted(relative));
    }
}
