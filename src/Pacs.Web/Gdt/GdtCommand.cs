using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.Json;
using Pacs.Gdt;
using Pacs.Web.Configuration;

namespace Pacs.Web.Gdt;

/// <summary>
/// <c>Pacs.Web gdt fetch|open|link</c>: for practice software that starts a program and waits for it. Fetching is asked for in two steps, next and taken, with the file written in between: a
/// crash between the two brings the file once more, and never loses it.
/// </summary>
public static class GdtCommand
{
    /// <summary>It is done.</summary>
    public const int Taken = 0;

    /// <summary>Something is wrong with the command, the file or the folder; the console says what.</summary>
    public const int Error = 1;

    /// <summary>The server does not answer.</summary>
    public const int ServiceAway = 2;

    /// <summary>Nothing came while it waited.</summary>
    public const int Timeout = 3;

    /// <summary>Somebody has stopped it (Ctrl-C).</summary>
    public const int Aborted = 4;

    /// <summary>There is nothing, or no such study.</summary>
    public const int NothingReady = 5;

    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    /// <summary>Runs it.</summary>
    /// <param name="commandLine">Command, operands, <c>--server</c> and <c>--wait</c>.</param>
    /// <param name="options">The settings, for the server's address.</param>
    /// <param name="output">Gets the link.</param>
    /// <param name="errors">Gets what went wrong.</param>
    /// <returns>The exit code.</returns>
    public static async Task<int> RunAsync(CommandLine commandLine, PacsOptions options, TextWriter output, TextWriter errors)
    {
        ArgumentNullException.ThrowIfNull(commandLine);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(output);
        ArgumentNullException.ThrowIfNull(errors);
        if (!Uri.TryCreate(commandLine.Server ?? HealthCommand.AddressOf(options).AbsoluteUri, UriKind.Absolute, out var server) || server.Scheme is not ("http" or "https"))
        {
            await errors.WriteLineAsync("--server must be an address that starts with http:// or https://");
            return Error;
        }
        var wait = 0;
        if (commandLine.Wait is { } text && (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out wait) || wait > 86400))
        {
            await errors.WriteLineAsync("--wait must be a whole number of seconds from 0 to 86400");
            return Error;
        }
        using var abort = new CancellationTokenSource();
        ConsoleCancelEventHandler stop = (_, e) =>
        {
            e.Cancel = true;
            abort.Cancel();
        };
        Console.CancelKeyPress += stop;
        using var http = new HttpClient { BaseAddress = server, Timeout = TimeSpan.FromSeconds(30) };
        if (server.UserInfo.Length > 0)
        {
            // http://name:password@host, where the server has a log-in (RFC 7617)
            http.DefaultRequestHeaders.Authorization = new("Basic", Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes(Uri.UnescapeDataString(server.UserInfo))));
        }
        try
        {
            return (commandLine.Command, commandLine.Operands) switch
            {
                ("gdt fetch", [var receiver, var file]) => await FetchAsync(http, receiver, file, TimeSpan.FromSeconds(wait), errors, abort.Token),
                ("gdt open" or "gdt link", [var file]) => await OpenAsync(http, file, commandLine.Command == "gdt open", output, errors, abort.Token),
                _ => await SayAsync(errors, CommandLine.Help, Error),
            };
        }
        catch (OperationCanceledException) when (abort.IsCancellationRequested)
        {
            return Aborted;
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException)
        {
            return await SayAsync(errors, $"{server} does not answer: {e.Message}", ServiceAway);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return await SayAsync(errors, e.Message, Error);
        }
        finally
        {
            Console.CancelKeyPress -= stop;
        }
    }

    private static async Task<int> FetchAsync(HttpClient http, string receiver, string path, TimeSpan wait, TextWriter errors, CancellationToken ct)
    {
        var waited = Stopwatch.StartNew();
        while (true)
        {
            using var next = await http.GetAsync(new Uri($"/gdt/receivers/{Uri.EscapeDataString(receiver)}/next", UriKind.Relative), ct);
            if (next.StatusCode == HttpStatusCode.OK && next.Headers.Location is { } location)
            {
                if (await TakeAsync(http, path, await next.Content.ReadAsByteArrayAsync(ct), location, ct))
                {
                    return Taken;
                }
                continue; // somebody else was quicker
            }
            if (next.StatusCode != HttpStatusCode.NoContent)
            {
                return await SayAsync(errors, $"The server answered {(int)next.StatusCode} for the receiver {receiver}.", Error);
            }
            if (waited.Elapsed >= wait)
            {
                return wait > TimeSpan.Zero ? Timeout : NothingReady;
            }
            await Task.Delay(Pause, ct);
        }
    }

    private static async Task<bool> TakeAsync(HttpClient http, string path, byte[] body, Uri location, CancellationToken ct)
    {
        var temporary = path + ".tmp";
        await using (var file = new FileStream(temporary, FileMode.Create, FileAccess.Write, FileShare.None))
        {
            await file.WriteAsync(body, ct);
            file.Flush(flushToDisk: true);
        }
        try
        {
            File.Move(temporary, path, overwrite: false); // a file that the practice software has not read yet stays
        }
        catch (IOException)
        {
            File.Delete(temporary);
            throw;
        }
        using var taken = await http.PostAsync(new Uri(location + "/taken", UriKind.Relative), null, CancellationToken.None);
        if (taken.StatusCode == HttpStatusCode.Conflict)
        {
            File.Delete(path);
            return false;
        }
        taken.EnsureSuccessStatusCode();
        return true;
    }

    private static async Task<int> OpenAsync(HttpClient http, string path, bool inBrowser, TextWriter output, TextWriter errors, CancellationToken ct)
    {
        if (new FileInfo(path) is not { Exists: true, Length: <= GdtReader.MaxBytes })
        {
            return await SayAsync(errors, $"{path} is not there, or too large for a GDT file.", Error);
        }
        using var body = new ByteArrayContent(await File.ReadAllBytesAsync(path, ct));
        using var answer = await http.PostAsync(new Uri("/gdt/open", UriKind.Relative), body, ct);
        if (answer.StatusCode == HttpStatusCode.NotFound)
        {
            return NothingReady;
        }
        if (!answer.IsSuccessStatusCode)
        {
            return await SayAsync(errors, $"The server answered {(int)answer.StatusCode}: the file is no GDT, or the server is another.", Error);
        }
        using var json = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(ct));
        var address = new Uri(http.BaseAddress!, json.RootElement.GetProperty("path").GetString()!);
        await output.WriteLineAsync(address.AbsoluteUri);
        if (inBrowser)
        {
            try
            {
                using var browser = Process.Start(new ProcessStartInfo(address.AbsoluteUri) { UseShellExecute = true });
            }
            catch (System.ComponentModel.Win32Exception e)
            {
                return await SayAsync(errors, $"No browser could be started: {e.Message}", Error);
            }
        }
        return Taken;
    }

    private static async Task<int> SayAsync(TextWriter errors, string sentence, int code)
    {
        await errors.WriteLineAsync(sentence);
        return code;
    }
}
