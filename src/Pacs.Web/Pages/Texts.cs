namespace Pacs.Web.Pages;

/// <summary>Names the resources <c>Texts.resx</c> (German, the master) and <c>Texts.en.resx</c>: every word the pages show.</summary>
public sealed class Texts;
