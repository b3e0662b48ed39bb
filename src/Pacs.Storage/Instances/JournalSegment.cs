using System.Buffers.Binary;
using Microsoft.Win32.SafeHandles;

namespace Pacs.Storage;

/// <summary>
/// One of the two files of the <see cref="IntakeJournal"/>: a page that says whether it counts, then records. It is written again from its beginning each
/// time; a file that does not grow is flushed at half the price.
/// </summary>
internal sealed class JournalSegment : IDisposable
{
    private const ulong Magic = 0x314C4E524A534350; // "PCSJRNL1"
    private const int HeadLength = 32;

    private static readonly byte[] Zeros = new byte[JournalRecord.Page];

    private readonly SafeFileHandle _file;
    private readonly List<ReadOnlyMemory<byte>> _pieces = [];
    private int _count;
    private bool _begun;

    /// <summary>Opens or makes the file.</summary>
    public JournalSegment(string path)
    {
        _file = File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read);
        Span<byte> head = stackalloc byte[HeadLength];
        if (RandomAccess.Read(_file, head, 0) == HeadLength && BinaryPrimitives.ReadUInt64LittleEndian(head) == Magic
            && BinaryPrimitives.ReadUInt32LittleEndian(head[28..]) == JournalRecord.Sum(0, head[..28]))
        {
            Generation = BinaryPrimitives.ReadInt64LittleEndian(head[8..]);
            Since = new DateTimeOffset(BinaryPrimitives.ReadInt64LittleEndian(head[16..]), TimeSpan.Zero);
            Counts = BinaryPrimitives.ReadInt32LittleEndian(head[24..]) != 0;
        }
    }

    /// <summary>Rises with each round; 0 when the file is new or its first page was not written to its end.</summary>
    public long Generation { get; private set; }

    /// <summary>Whether the records are needed after a crash.</summary>
    public bool Counts { get; private set; }

    /// <summary>Instances received before this are not in it; when it does not count, those are durable without it.</summary>
    public DateTimeOffset Since { get; private set; }

    /// <summary>Where the next record goes.</summary>
    public long Position { get; private set; } = JournalRecord.Page;

    /// <summary>The keys of files that are not durable without it.</summary>
    public List<string> Keys { get; } = [];

    /// <summary>Whether it holds instances whose rows could not be made: it stays until the next start.</summary>
    public bool IsKept { get; set; }

    /// <summary>Ends when it may be used again; fails when its files cannot be made durable.</summary>
    public Task Settling { get; set; } = Task.CompletedTask;

    /// <summary>Begins a round. On the disk with the first record.</summary>
    public void Begin(long generation, DateTimeOffset since)
    {
        Generation = generation;
        Since = since;
        Counts = true;
        Position = JournalRecord.Page;
        Keys.Clear();
        _count = 0;
        _begun = false;
    }

    /// <summary>Writes records and makes them durable. Blocks.</summary>
    /// <exception cref="IOException">The disk does not take them.</exception>
    public void Append(IEnumerable<(byte[] Head, JournalRecord Record)> records)
    {
        _pieces.Clear();
        var end = Position;
        var number = _count;
        var keys = new List<string>();
        if (!_begun)
        {
            _pieces.Add(Head());
        }
        foreach (var (head, record) in records)
        {
            JournalRecord.Number(head, Generation, number++);
            var length = head.Length + record.Content.Length;
            var padded = JournalRecord.Padded(length);
            _pieces.Add(head);
            _pieces.Add(record.Content);
            _pieces.Add(Zeros.AsMemory(0, padded - length));
            end += padded;
            if (!record.Content.IsEmpty)
            {
                keys.Add(record.File.Key);
            }
        }
        RandomAccess.Write(_file, _pieces, _begun ? Position : 0);
        CrashPoint.Hit("before-journal");
        Libc.SyncData(_file);
        CrashPoint.Hit("after-journal");
        _begun = true;
        _count = number;
        Position = end;
        Keys.AddRange(keys);
    }

    /// <summary>Says on the disk that the records are not needed any more. Blocks.</summary>
    /// <param name="at">Everything received before this is durable.</param>
    public void End(DateTimeOffset at)
    {
        Since = at;
        Counts = false;
        RandomAccess.Write(_file, Head().Span, 0);
        Libc.SyncData(_file);
        Keys.Clear();
    }

    /// <summary>The records that were written in this round. Blocks.</summary>
    public List<JournalRecord> Read()
    {
        var segment = new byte[RandomAccess.GetLength(_file)];
        var length = 0;
        for (int read; (read = RandomAccess.Read(_file, segment.AsSpan(length), length)) > 0;)
        {
            length += read;
        }
        var records = new List<JournalRecord>();
        var at = JournalRecord.Page;
        while (at < length && JournalRecord.TryRead(segment.AsMemory(at, length - at), Generation, records.Count, out var used) is { } record)
        {
            records.Add(record);
            at += JournalRecord.Padded(used);
        }
        return records;
    }

    public void Dispose() => _file.Dispose();

    private ReadOnlyMemory<byte> Head()
    {
        var page = new byte[JournalRecord.Page];
        BinaryPrimitives.WriteUInt64LittleEndian(page, Magic);
        BinaryPrimitives.WriteInt64LittleEndian(page.AsSpan(8), Generation);
        BinaryPrimitives.WriteInt64LittleEndian(page.AsSpan(16), Since.UtcTicks);
        BinaryPrimitives.WriteInt32LittleEndian(page.AsSpan(24), Counts ? 1 : 0);
        BinaryPrimitives.WriteUInt32LittleEndian(page.AsSpan(28), JournalRecord.Sum(0, page.AsSpan(0, 28)));
        return page;
    }
}
