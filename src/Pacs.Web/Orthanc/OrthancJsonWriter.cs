using System.Buffers;
using System.Buffers.Text;
using System.Text;
using System.Text.Encodings.Web;
using Pacs.Web.Http;

namespace Pacs.Web.Orthanc;

/// <summary>
/// Writes JSON laid out as Orthanc lays it out: three blanks, <c>"Key" : value</c>, containers and each value of an array on a line of their own, empty ones on the line they are on. The keys of an
/// object are to be written in their order. To be disposed.
/// </summary>
/// <param name="indent">How far the line is indented that it starts on.</param>
internal sealed class OrthancJsonWriter(int indent = 0) : IDisposable
{
    private const int Step = 3;

    // what stands in a text as it is
    private static readonly SearchValues<byte> Plain = SearchValues.Create([.. Enumerable.Range(0x20, 0x5F).Where(c => c is not ('"' or '\\')).Select(c => (byte)c)]);

    private readonly PooledBuffer _bytes = new(16 * 1024);

    private int _indent = indent;
    private Place _place;
    private byte _opened;
    private bool _isFirst;

    private enum Place
    {
        // where the document, or the value after a key, begins
        Value,
        Key,
        Item,
    }

    /// <summary>What has been written.</summary>
    public ReadOnlyMemory<byte> Written => _bytes.Memory;

    /// <summary>Begins an object.</summary>
    public void BeginObject() => Begin((byte)'{');

    /// <summary>Ends it.</summary>
    public void EndObject() => End((byte)'{', (byte)'}');

    /// <summary>Begins an array.</summary>
    public void BeginArray() => Begin((byte)'[');

    /// <summary>Ends it.</summary>
    public void EndArray() => End((byte)'[', (byte)']');

    /// <summary>The key of the value that is written next.</summary>
    public void Key(string name)
    {
        Span<byte> bytes = stackalloc byte[name.Length <= 128 ? 3 * name.Length : 0];
        if (bytes.IsEmpty)
        {
            bytes = new byte[3 * name.Length];
        }
        Key(bytes[..Encoding.UTF8.GetBytes(name, bytes)]);
    }

    /// <inheritdoc cref="Key(string)"/>
    public void Key(ReadOnlySpan<byte> name)
    {
        Next();
        Quote(name);
        _bytes.Write(" : "u8);
        _place = Place.Key;
    }

    /// <summary>A text.</summary>
    public void Text(ReadOnlySpan<char> text)
    {
        Next();
        var bytes = ArrayPool<byte>.Shared.Rent(3 * text.Length);
        Quote(bytes.AsSpan(0, Encoding.UTF8.GetBytes(text, bytes)));
        ArrayPool<byte>.Shared.Return(bytes);
    }

    /// <summary>A text that is in UTF-8.</summary>
    public void Text(ReadOnlySpan<byte> utf8)
    {
        Next();
        Quote(utf8);
    }

    /// <summary>A whole number.</summary>
    public void Number(long value)
    {
        Next();
        Utf8Formatter.TryFormat(value, _bytes.GetSpan(20), out var count);
        _bytes.Advance(count);
    }

    /// <summary>A value as JSON.</summary>
    public void Raw(ReadOnlySpan<byte> json)
    {
        Next();
        _bytes.Write(json);
    }

    /// <summary>No value.</summary>
    public void Null() => Raw("null"u8);

    /// <inheritdoc/>
    public void Dispose() => _bytes.Dispose();

    private void Begin(byte bracket)
    {
        Open();
        if (_place == Place.Item)
        {
            Line();
        }
        // where it goes shows when something is written into it
        _opened = bracket;
    }

    private void End(byte begin, byte end)
    {
        if (_opened == begin)
        {
            _opened = 0;
            _bytes.Write([begin, end]);
        }
        else
        {
            _indent -= Step;
            Break();
            _bytes.Write([end]);
        }
        _place = Place.Item;
        _isFirst = false;
    }

    // before a key, and before a value that has none
    private void Next()
    {
        Open();
        if (_place == Place.Item)
        {
            Line();
        }
        _place = Place.Item;
        _isFirst = false;
    }

    private void Open()
    {
        if (_opened == 0)
        {
            return;
        }
        if (_place == Place.Key)
        {
            Break();
        }
        _bytes.Write([_opened]);
        _opened = 0;
        _indent += Step;
        _place = Place.Item;
        _isFirst = true;
    }

    private void Line()
    {
        if (!_isFirst)
        {
            _bytes.Write(","u8);
        }
        Break();
    }

    private void Break()
    {
        var line = _bytes.GetSpan(1 + _indent)[..(1 + _indent)];
        line.Fill((byte)' ');
        line[0] = (byte)'\n';
        _bytes.Advance(line.Length);
    }

    private void Quote(ReadOnlySpan<byte> utf8)
    {
        _bytes.Write("\""u8);
        if (utf8.IndexOfAnyExcept(Plain) is >= 0 and var first)
        {
            Escape(utf8, first);
        }
        else
        {
            _bytes.Write(utf8);
        }
        _bytes.Write("\""u8);
    }

    private void Escape(ReadOnlySpan<byte> utf8, int first)
    {
        _bytes.Write(utf8[..first]);
        utf8 = utf8[first..];
        while (utf8.Length > 0)
        {
            JavaScriptEncoder.UnsafeRelaxedJsonEscaping.EncodeUtf8(utf8, _bytes.GetSpan(Math.Max(64, utf8.Length)), out var consumed, out var written);
            _bytes.Advance(written);
            utf8 = utf8[consumed..];
        }
    }
}
