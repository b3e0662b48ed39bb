namespace Pacs.Dicom.Network;

/// <summary>A message of PS3.7: a command set and, behind most of them, a data set that is still on its way.</summary>
/// <param name="Command">The command set.</param>
/// <param name="Context">The presentation context it came on.</param>
/// <param name="Data">The data set, or null when the command says there is none. To be read, or drained, before the next message.</param>
public sealed record DimseMessage(DimseCommand Command, PresentationContext Context, DimseData? Data);
