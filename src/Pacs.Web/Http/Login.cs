using System.Text;
using Pacs.Web.Configuration;

namespace Pacs.Web.Http;

/// <summary>
/// The log-in of the HTTP port, when <c>AuthenticationEnabled</c> is on: HTTP Basic (RFC 7617) against <c>RegisteredUsers</c>, as in Orthanc, and for reading viewers' endpoints a token
/// (<c>Authorization: Bearer</c>, RFC 6750, or the parameter <c>token</c>).
/// </summary>
public sealed partial class Login
{
    // what a browser lets anybody type is shorter
    private const int MaxCredentials = 8192;

    /// <summary>The query parameter with a token.</summary>
    public const string TokenParameter = "token";

    private const string Basic = "Basic ";
    private const string Bearer = "Bearer ";

    private readonly RequestDelegate _next;
    private readonly PacsOptions _options;
    private readonly PasscodeChecks _users;
    private readonly AccessTokens _tokens;
    private readonly ILogger<Login> _logger;

    /// <summary>In the pipeline of all requests.</summary>
    public Login(RequestDelegate next, PacsOptions options, PasscodeChecks users, AccessTokens tokens, ILogger<Login> logger) =>
        (_next, _options, _users, _tokens, _logger) = (next, options, users, tokens, logger);

    /// <summary>Lets the request pass, or asks for the password. It must run after routing, because it looks at the endpoint's <see cref="Access"/>.</summary>
    public async Task InvokeAsync(HttpContext context)
    {
        if (!_options.AuthenticationEnabled || context.GetEndpoint()?.Metadata.GetMetadata<Access>() == Access.Everybody || await MayAsync(context))
        {
            await _next(context);
            return;
        }
        context.Response.Headers.WWWAuthenticate = "Basic realm=\"Pacs\", charset=\"UTF-8\"";
        await context.RefuseAsync(StatusCodes.Status401Unauthorized, null);
    }

    private async ValueTask<bool> MayAsync(HttpContext context)
    {
        var header = context.Request.Headers.Authorization.ToString();
        if (header.StartsWith(Basic, StringComparison.OrdinalIgnoreCase))
        {
            if (TryRead(header.AsSpan(Basic.Length).Trim(), out var name, out var password) && await _users.IsGoodAsync(name, password, context.RequestAborted))
            {
                context.SetUser(name);
                return true;
            }
            LogWrong(context.Address() ?? "");
            return false;
        }
        var request = context.Request;
        if (!(HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method)) || context.GetEndpoint()?.Metadata.GetMetadata<Access>() != Access.Token)
        {
            return false;
        }
        var token = header.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase) ? header[Bearer.Length..].Trim() : request.Query[TokenParameter].ToString();
        return token.Length > 0 && _tokens.IsGood(token);
    }

    // RFC 7617 §2: name, colon, password, in Base64
    private static bool TryRead(ReadOnlySpan<char> credentials, out string name, out byte[] password)
    {
        (name, password) = ("", []);
        var bytes = new byte[Math.Min(credentials.Length, MaxCredentials)];
        if (credentials.Length > MaxCredentials || !Convert.TryFromBase64Chars(credentials, bytes, out var length))
        {
            return false;
        }
        var colon = bytes.AsSpan(0, length).IndexOf((byte)':');
        if (colon <= 0)
        {
            return false;
        }
        name = Encoding.UTF8.GetString(bytes.AsSpan(0, colon));
        password = bytes[(colon + 1)..length];
        return true;
    }

    // not the name: people type the password there
    [LoggerMessage(Level = LogLevel.Warning, Message = "{RemoteHost} shows a user name or password that is not in RegisteredUsers")]
    private partial void LogWrong(string remoteHost);
}
