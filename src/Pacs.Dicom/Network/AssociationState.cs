namespace Pacs.Dicom.Network;

/// <summary>The state table of PS3.8 §9.2.</summary>
public static class AssociationState
{
}
