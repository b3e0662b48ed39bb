using System.Text;

namespace Pacs.Web.Dimse;

/// <summary><c>Pacs.Web hash passcode</c>: makes of a passcode what the setting <c>DicomUsers</c> takes.</summary>
public static class HashCommand
{
    /// <summary>Reads one line, so that the passcode is neither in the shell's history nor in the list of processes.</summary>
    /// <returns>The exit code: 0 good, 1 nothing was typed.</returns>
    public static int Run(TextReader input, TextWriter output, TextWriter error)
    {
        error.Write("Passcode: ");
        if (input.ReadLine() is not { Length: > 0 } passcode)
        {
            error.WriteLine("No passcode was typed.");
            return 1;
        }
        output.WriteLine(Passcode.Of(Encoding.UTF8.GetBytes(passcode)));
        error.WriteLine("In the configuration: \"DicomUsers\": [ \"NAME:pbkdf2-sha512:...\" ]");
        return 0;
    }
}
