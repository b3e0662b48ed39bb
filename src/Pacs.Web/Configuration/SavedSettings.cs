using System.Collections.Immutable;
using System.Reflection;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Pacs.Gdt;
using Pacs.Storage;

namespace Pacs.Web.Configuration;

/// <summary>What was changed at once on the pages, so that they can say it, and take it back.</summary>
/// <param name="Number">Its number.</param>
/// <param name="Values">The options, what they were, and what they are since.</param>
public sealed record SettingsChange(long Number, IReadOnlyList<(SettingBinder.Key Key, object? Old, object? New)> Values);

/// <summary>
/// What people have set on the pages: kept in the table <c>setting</c>, in force at once (ADR 0034). It wins over the configuration files; the environment and the command line win over it. Only what differs
/// from the files is kept, so that an option nobody has touched follows them.
/// </summary>
public sealed partial class SavedSettings : IHostedService, IDisposable
{
    /// <summary>Where its names in the table begin.</summary>
    public const string Prefix = "option:";

    // who wants to take something back does it at once
    private const int Remembered = 20;

    private readonly PacsConfiguration _configuration;
    private readonly PacsOptions _options;
    private readonly StorageOptions _storage;
    private readonly GdtOptions _gdt;
    private readonly IServiceProvider _services;
    private readonly IndexReader _reader;
    private readonly IndexWriter _writer;
    private readonly ILogger<SavedSettings> _logger;
    private readonly ImmutableDictionary<string, object?> _configured;
    private readonly SemaphoreSlim _gate = new(1);
    private ImmutableHashSet<string> _saved = [];
    private ImmutableList<SettingsChange> _changes = [];

    // an address of before a restart means no change of now
    private long _number = Random.Shared.NextInt64(1L << 50);

    /// <summary>Nothing is read yet.</summary>
    public SavedSettings(
        PacsConfiguration configuration, PacsOptions options, StorageOptions storage, GdtOptions gdt, IServiceProvider services, IndexReader reader, IndexWriter writer, ILogger<SavedSettings> logger)
    {
        (_configuration, _options, _storage, _gdt, _services, _reader, _writer, _logger) = (configuration, options, storage, gdt, services, reader, writer, logger);
        _configured = Keys.ToImmutableDictionary(k => k.Path, k => k.ValueIn(options), StringComparer.Ordinal);
    }

    /// <summary>All options that can be set here, in the order of <see cref="PacsOptions"/>.</summary>
    public static ImmutableArray<SettingBinder.Key> Keys { get; } = [.. SettingBinder.Keys.Where(k => k.Property.IsDefined(typeof(OnPageAttribute)))];

    /// <summary>The options of a section.</summary>
    public static IEnumerable<SettingBinder.Key> KeysOf(SettingsSection section) => Keys.Where(k => k.Property.GetCustomAttribute<OnPageAttribute>()!.Section == section);

    /// <summary>The option of a property.</summary>
    public static SettingBinder.Key KeyOf(string path) => Keys.Single(k => k.Path == path);

    /// <summary>The value in force.</summary>
    public object? ValueOf(SettingBinder.Key key) => key.ValueIn(_options);

    /// <summary>What it would be without the pages.</summary>
    public object? ConfiguredValueOf(SettingBinder.Key key) => _configured[key.Path];

    /// <summary>Whether it is set on the pages.</summary>
    public bool IsSaved(SettingBinder.Key key) => _saved.Contains(key.Path);

    /// <summary>The variable or argument that sets it, so that it cannot be changed here; null when it can.</summary>
    public string? FixedBy(SettingBinder.Key key) => _configuration.Fixed.Contains(key.Path) ? _configuration.Origins[key.Path] : null;

    /// <summary>Reads what is kept and puts it in force.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var rows = await _reader.ReadAsync((db, token) => db.Settings.Where(s => s.Name.StartsWith(Prefix)).ToListAsync(token), cancellationToken);
        foreach (var row in rows)
        {
            var path = row.Name[Prefix.Length..];
            if (Keys.FirstOrDefault(k => k.Path == path) is not { } key || !TryRead(key, row.Value, out var value))
            {
                LogUnreadable(path); // of another version
                continue;
            }
            _saved = _saved.Add(path);
            if (FixedBy(key) is null)
            {
                key.SetIn(_options, value);
            }
        }
        foreach (var problem in SettingBinder.Contradictions(_options))
        {
            LogContradiction(problem); // it stays as it was set: a log-in must not open because something else is wrong
        }
        Tell();
    }

    /// <summary>Nothing to do.</summary>
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Keeps values and puts them in force, all or none.</summary>
    /// <param name="values">By option; each is right for itself. Those that are fixed are left out.</param>
    /// <param name="ct">Cancels.</param>
    /// <param name="stillHolds">Whether what the caller has found before still holds, asked when nobody else can save; null when it does not matter.</param>
    /// <param name="whenChanged">Is told what has changed, when something has.</param>
    /// <returns>What of it does not go together, a sentence each; empty when it is done.</returns>
    /// <exception cref="IndexUnavailableException">The index cannot be written.</exception>
    public async Task<IReadOnlyList<string>> SaveAsync(IReadOnlyDictionary<SettingBinder.Key, object?> values, CancellationToken ct, Func<bool>? stillHolds = null, Action<SettingsChange>? whenChanged = null)
    {
        ArgumentNullException.ThrowIfNull(values);
        await _gate.WaitAsync(ct);
        try
        {
            if (stillHolds?.Invoke() == false)
            {
                return ["Somebody else was first."];
            }
            var changed = values.Where(v => FixedBy(v.Key) is null && Json(v.Key, v.Value) != Json(v.Key, ValueOf(v.Key))).ToList();
            var trial = SettingBinder.Copy(_options);
            foreach (var (key, value) in changed)
            {
                key.SetIn(trial, value);
            }
            var before = SettingBinder.Contradictions(_options).ToList();
            var problems = SettingBinder.Contradictions(trial).Except(before).ToList();
            if (problems.Count > 0 || changed.Count == 0)
            {
                return problems;
            }
            var kept = changed.ToDictionary(c => c.Key.Path, c => Json(c.Key, c.Value) is var json && json != Json(c.Key, ConfiguredValueOf(c.Key)) ? json : null);
            await _writer.WriteAsync(async (db, token) =>
            {
                foreach (var (path, json) in kept)
                {
                    var name = Prefix + path;
                    await db.Settings.Where(s => s.Name == name).ExecuteDeleteAsync(token);
                    if (json is not null)
                    {
                        db.Settings.Add(new Storage.Setting { Name = name, Value = json });
                    }
                }
            }, ct);
            var change = new SettingsChange(++_number, [.. changed.Select(c => (c.Key, ValueOf(c.Key), c.Value))]);
            _changes = [.. _changes.Append(change).TakeLast(Remembered)];
            foreach (var (key, value) in changed)
            {
                key.SetIn(_options, value);
                _saved = kept[key.Path] is null ? _saved.Remove(key.Path) : _saved.Add(key.Path);
                LogChanged(key.Path); // not the value: it may be a password's hash
            }
            Tell();
            whenChanged?.Invoke(change);
            return [];
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>One of the last changes since the start, or null.</summary>
    public SettingsChange? ChangeOf(long? number) => _changes.Find(c => c.Number == number);

    /// <summary>Takes a change back: as long as nobody has changed the same options again.</summary>
    /// <param name="number"><see cref="SettingsChange.Number"/>.</param>
    /// <param name="section">Of which section it must be.</param>
    /// <param name="ct">Cancels.</param>
    /// <returns>The change back; null when it cannot be done any more.</returns>
    /// <exception cref="IndexUnavailableException">The index cannot be written.</exception>
    public async Task<SettingsChange?> UndoAsync(long number, SettingsSection section, CancellationToken ct)
    {
        if (ChangeOf(number) is not { } change || !change.Values.All(v => KeysOf(section).Contains(v.Key)))
        {
            return null;
        }
        SettingsChange? back = null;
        _ = await SaveAsync(
            change.Values.ToDictionary(v => v.Key, v => v.Old), ct, () => change.Values.All(v => Json(v.Key, ValueOf(v.Key)) == Json(v.Key, v.New)), c => back = c);
        return back;
    }

    /// <inheritdoc/>
    public void Dispose() => _gate.Dispose();

    private void Tell()
    {
        _options.Tell(_storage);
        _options.Tell(_gdt);
        if (_services.GetService<WorklistOptions>() is { } worklist)
        {
            _options.Tell(worklist);
        }
        _services.GetRequiredService<GdtReceivers>().Reconsider(); // links need LinkAddress
    }

    private static string Json(SettingBinder.Key key, object? value) => JsonSerializer.Serialize(value, key.Property.PropertyType, StructuredSettings.Json);

    private static bool TryRead(SettingBinder.Key key, string json, out object? value)
    {
        value = null;
        try
        {
            var setting = SettingSources.FromJson($"{{{JsonSerializer.Serialize(key.Path)}:{json}}}", "the pages", "")[0];
            if (!StructuredSettings.Has(key.Property.PropertyType))
            {
                return SettingBinder.TryConvert(key, setting, out value);
            }
            value = StructuredSettings.Read(key.Property.PropertyType, setting.Json ?? "null");
            return true;
        }
        catch (Exception e) when (e is ConfigurationException or FormatException)
        {
            return false;
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Setting} was changed on the pages")]
    private partial void LogChanged(string setting);

    [LoggerMessage(Level = LogLevel.Warning, Message = "What the pages have kept for {Setting} cannot be read and has no effect")]
    private partial void LogUnreadable(string setting);

    [LoggerMessage(Level = LogLevel.Error, Message = "Settings of the pages and of the configuration do not go together: {Problem}")]
    private partial void LogContradiction(string problem);
}
