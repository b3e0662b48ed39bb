using System.Text;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage.ValueConversion;

namespace Pacs.Storage;

/// <summary>
/// The index. One connection writes (<see cref="IndexWriter"/>), every other is read-only (<see cref="IndexReader"/>): get a context from one of the two.
/// Tables are singular, names snake_case, times unix milliseconds, ids of resources 20 bytes.
/// </summary>
public sealed class PacsDb(DbContextOptions<PacsDb> options) : DbContext(options)
{
    // as StudySearch.NameSearch has it
    private const string NameSearchSql =
        "'^' || replace(replace(replace(replace(replace(replace(name_fold, ' ', '^'), '-', '^'), '=', '^'), 'AE', 'A'), 'OE', 'O'), 'UE', 'U')";

    /// <summary>Patients.</summary>
    public DbSet<Patient> Patients => Set<Patient>();

    /// <summary>Studies.</summary>
    public DbSet<Study> Studies => Set<Study>();

    /// <summary>Series.</summary>
    public DbSet<Series> Series => Set<Series>();

    /// <summary>Instances.</summary>
    public DbSet<Instance> Instances => Set<Instance>();

    /// <summary>Contradictions between senders.</summary>
    public DbSet<Conflict> Conflicts => Set<Conflict>();

    /// <summary>Planned examinations.</summary>
    public DbSet<WorklistItem> Worklist => Set<WorklistItem>();

    /// <summary>Performed procedure steps.</summary>
    public DbSet<ProcedureStep> Steps => Set<ProcedureStep>();

    /// <summary>Questions for storage commitment, and how far their reports are.</summary>
    public DbSet<Commitment> Commitments => Set<Commitment>();

    /// <summary>Our questions for storage commitment, and their reports; <see cref="Pacs.Storage.CommitmentRequests"/> changes them.</summary>
    public DbSet<CommitmentRequest> CommitmentRequests => Set<CommitmentRequest>();

    /// <summary>GDT files and how far their delivery is.</summary>
    public DbSet<GdtFile> GdtFiles => Set<GdtFile>();

    /// <summary>Receivers of GDT files that are not, or not only, in the configuration.</summary>
    public DbSet<GdtReceiverEntry> GdtReceivers => Set<GdtReceiverEntry>();

    /// <summary>GDT records that came in.</summary>
    public DbSet<GdtIncoming> GdtIncoming => Set<GdtIncoming>();

    /// <summary>The feed. Append with <see cref="Announce"/>.</summary>
    public DbSet<PacsEvent> Events => Set<PacsEvent>();

    /// <summary>How far each consumer has read the feed.</summary>
    public DbSet<ConsumerCursor> Consumers => Set<ConsumerCursor>();

    /// <summary>Events that wait for another attempt.</summary>
    public DbSet<ParkedEvent> ParkedEvents => Set<ParkedEvent>();

    /// <summary>Other DICOM applications, those of the configuration files excepted.</summary>
    public DbSet<Modality> Modalities => Set<Modality>();

    /// <summary>Who has called the DICOM port.</summary>
    public DbSet<Caller> Callers => Set<Caller>();

    /// <summary>Marked frames; <see cref="KeyImages"/> changes them.</summary>
    public DbSet<KeyImage> KeyImages => Set<KeyImage>();

    /// <summary>Jobs; <see cref="JobQueue"/> changes them.</summary>
    public DbSet<Job> Jobs => Set<Job>();

    /// <summary>The instances of jobs.</summary>
    public DbSet<JobItem> JobItems => Set<JobItem>();

    /// <summary>Labels on resources; <see cref="Pacs.Storage.Labels"/> changes them.</summary>
    public DbSet<Label> Labels => Set<Label>();

    /// <summary>What was noted about resources; <see cref="ResourceMetadata"/> changes it.</summary>
    public DbSet<MetadataEntry> Metadata => Set<MetadataEntry>();

    /// <summary>Files beside resources; <see cref="Pacs.Storage.Attachments"/> changes them.</summary>
    public DbSet<Attachment> Attachments => Set<Attachment>();

    /// <summary>Studies that can be restored; <see cref="Pacs.Storage.Bin"/> changes them.</summary>
    public DbSet<BinStudy> Bin => Set<BinStudy>();

    /// <summary>The files of studies that can be restored.</summary>
    public DbSet<BinFile> BinFiles => Set<BinFile>();

    /// <summary>Files to be removed.</summary>
    public DbSet<TrashEntry> Trash => Set<TrashEntry>();

    /// <summary>What the server itself remembers.</summary>
    public DbSet<Setting> Settings => Set<Setting>();

    /// <summary>Appends an event; it is there when, and only when, the rest of the transaction is.</summary>
    public void Announce(EventKind kind, Level level, ResourceId resource, DateTimeOffset at, string? detail = null) =>
        Events.Add(new PacsEvent(0, kind, level, resource, at, detail));

    /// <summary>Whether there is such a resource.</summary>
    public Task<bool> HasResourceAsync(Level level, ResourceId resource, CancellationToken ct) => level switch
    {
        Level.Patient => Patients.AnyAsync(p => p.PublicId == resource, ct),
        Level.Study => Studies.AnyAsync(s => s.PublicId == resource, ct),
        Level.Series => Series.AnyAsync(s => s.PublicId == resource, ct),
        _ => Instances.AnyAsync(i => i.PublicId == resource, ct),
    };

    /// <inheritdoc/>
    protected override void ConfigureConventions(ModelConfigurationBuilder configurationBuilder)
    {
        configurationBuilder.Properties<ResourceId>().HaveConversion<ResourceIdConverter>();
        configurationBuilder.Properties<DateTimeOffset>().HaveConversion<UnixMillisecondsConverter>();
    }

    /// <inheritdoc/>
    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.Entity<Patient>(e =>
        {
            e.ToTable("patient");
            e.HasIndex(p => p.PublicId).IsUnique();
            e.Property(p => p.NameSearch).HasComputedColumnSql(NameSearchSql, stored: false);
            e.HasIndex(p => p.NameSearch, "ix_patient_search");
            e.HasIndex(p => p.PatientId, "ix_patient_id");
            e.HasIndex(p => p.NameFold, "ix_patient_name");
            e.HasIndex(p => p.BirthDate, "ix_patient_birth");
            e.HasIndex(p => p.PatientId, "ix_patient_id_odd").HasFilter(MatchSql.OddPatientId);
            e.HasIndex(p => p.NameFold, "ix_patient_name_several").HasFilter(MatchSql.SeveralNames);
            e.HasIndex(p => p.UpdatedAt, "ix_patient_unstable").HasFilter("stable = 0");
        });
        modelBuilder.Entity<Study>(e =>
        {
            e.ToTable("study");
            e.Property(s => s.ParentId).HasColumnName("patient");
            e.HasOne<Patient>().WithMany().HasForeignKey(s => s.ParentId).OnDelete(DeleteBehavior.Restrict);
            e.HasIndex(s => s.PublicId).IsUnique();
            e.HasIndex(s => s.ParentId, "ix_study_patient");
            e.HasIndex(s => s.Uid, "ix_study_uid");
            e.HasIndex(s => new { s.Date, s.Time }, "ix_study_date");
            e.HasIndex(s => s.Accession, "ix_study_accession");
            e.HasIndex(s => s.Accession, "ix_study_accession_several").HasFilter(MatchSql.SeveralAccessions);
            e.HasIndex(s => new { s.SortKey, s.Id }, "ix_study_newest");
            e.HasIndex(s => new { s.SortKey, s.Id }, "ix_study_without_order").HasFilter("accession IS NULL OR accession = ''");
            e.HasIndex(s => s.UpdatedAt, "ix_study_unstable").HasFilter("stable = 0");
        });
        modelBuilder.Entity<Series>(e =>
        {
            e.ToTable("series");
            e.Property(s => s.ParentId).HasColumnName("study");
            e.HasOne<Study>().WithMany().HasForeignKey(s => s.ParentId).OnDelete(DeleteBehavior.Restrict);
            e.HasIndex(s => s.PublicId).IsUnique();
            e.HasIndex(s => s.ParentId, "ix_series_study");
            e.HasIndex(s => s.Uid, "ix_series_uid");
            e.HasIndex(s => s.UpdatedAt, "ix_series_unstable").HasFilter("stable = 0");
        });
        modelBuilder.Entity<Instance>(e =>
        {
            e.ToTable("instance");
            e.Property(i => i.ParentId).HasColumnName("series");
            e.HasOne<Series>().WithMany().HasForeignKey(i => i.ParentId).OnDelete(DeleteBehavior.Restrict);
            e.HasIndex(i => i.PublicId).IsUnique();
            e.HasIndex(i => i.Key).IsUnique();
            e.HasIndex(i => i.ParentId, "ix_instance_series");
            e.HasIndex(i => i.Uid, "ix_instance_uid");
        });
        modelBuilder.Entity<Conflict>(e =>
        {
            e.ToTable("conflict");
            e.HasIndex(c => new { c.Resource, c.Digest }).IsUnique();
        });
        modelBuilder.Entity<WorklistItem>(e =>
        {
            e.ToTable("worklist");
            e.HasIndex(w => w.Accession).IsUnique();
            e.HasIndex(w => w.StudyUid, "ix_worklist_study");
            e.HasIndex(w => new { w.State, w.StartDate }, "ix_worklist_start");
        });
        modelBuilder.Entity<ProcedureStep>(e =>
        {
            e.ToTable("step");
            e.HasKey(s => s.Uid);
            e.HasIndex(s => s.UpdatedAt, "ix_step_updated");
        });
        modelBuilder.Entity<Commitment>(e =>
        {
            e.ToTable("commitment");
            e.HasIndex(c => new { c.TransactionUid, c.CallingAe }).IsUnique();
            e.HasIndex(c => new { c.State, c.DueAt }, "ix_commitment_due");
        });
        modelBuilder.Entity<CommitmentRequest>(e =>
        {
            e.ToTable("commitment_request");
            e.Property(c => c.JobId).HasColumnName("job");
            e.HasIndex(c => c.TransactionUid).IsUnique();
            e.HasIndex(c => c.JobId, "ix_commitment_request_job");
        });
        modelBuilder.Entity<GdtFile>(e =>
        {
            e.ToTable("gdt_file");
            e.HasKey(g => new { g.Kind, g.Resource, g.Receiver, g.Revision }); // the study first: it is looked up for every image
            e.Property(g => g.Receiver).HasDefaultValue(GdtFile.DefaultReceiver);
            e.Property(g => g.Series).HasDefaultValue(0);
            e.HasIndex(g => g.State, "ix_gdt_file_state");
            e.HasIndex(g => g.At, "ix_gdt_file_at");
        });
        modelBuilder.Entity<GdtReceiverEntry>(e =>
        {
            e.ToTable("gdt_receiver");
            e.HasKey(g => g.Name);
        });
        modelBuilder.Entity<GdtIncoming>(e =>
        {
            e.ToTable("gdt_incoming");
            e.HasIndex(g => g.At, "ix_gdt_incoming_at");
            e.HasIndex(g => g.Accession, "ix_gdt_incoming_accession").HasFilter("accession <> ''");
            e.HasIndex(g => new { g.PatientId, g.Type }, "ix_gdt_incoming_patient");
        });
        modelBuilder.Entity<PacsEvent>(e =>
        {
            e.ToTable("event");
            e.HasKey(p => p.Seq);
            e.Property(p => p.Seq).ValueGeneratedOnAdd();
        });
        modelBuilder.Entity<ConsumerCursor>(e =>
        {
            e.ToTable("consumer");
            e.HasKey(c => c.Name);
        });
        modelBuilder.Entity<ParkedEvent>(e =>
        {
            e.ToTable("parked_event");
            e.HasKey(p => new { p.Consumer, p.Seq });
            e.HasIndex(p => new { p.Consumer, p.DueAt }, "ix_parked_event_due");
        });
        modelBuilder.Entity<Modality>(e =>
        {
            e.ToTable("modality");
            e.HasKey(m => m.Name);
        });
        modelBuilder.Entity<Caller>(e =>
        {
            e.ToTable("caller");
            e.HasKey(c => new { c.AeTitle, c.Host });
        });
        modelBuilder.Entity<KeyImage>(e =>
        {
            e.ToTable("key_image");
            e.HasKey(k => new { k.InstanceId, k.Frame });
            e.Property(k => k.InstanceId).HasColumnName("instance");
            e.HasOne<Instance>().WithMany().HasForeignKey(k => k.InstanceId).OnDelete(DeleteBehavior.Cascade);
        });
        modelBuilder.Entity<Job>(e =>
        {
            e.ToTable("job");
            e.HasIndex(j => j.PublicId).IsUnique();
            e.HasIndex(j => new { j.State, j.CompletedAt }, "ix_job_state");
            e.HasIndex(j => j.Key, "ix_job_open").HasFilter("completed_at IS NULL");
        });
        modelBuilder.Entity<JobItem>(e =>
        {
            e.ToTable("job_item");
            e.Property(i => i.JobId).HasColumnName("job");
            e.HasKey(i => new { i.JobId, i.Ordinal });
            e.HasIndex(i => new { i.JobId, i.Instance }).IsUnique();
            e.HasIndex(i => new { i.JobId, i.Ordinal }, "ix_job_item_waiting").HasFilter("state = 0");
        });
        modelBuilder.Entity<Label>(e =>
        {
            e.ToTable("label");
            e.HasKey(l => new { l.Level, l.Resource, l.Name });
            e.HasIndex(l => new { l.Name, l.Level, l.Resource }, "ix_label_name"); // what has a label, and which labels there are
        });
        modelBuilder.Entity<MetadataEntry>(e =>
        {
            e.ToTable("metadata");
            e.HasKey(m => new { m.Level, m.Resource, m.Number });
        });
        modelBuilder.Entity<Attachment>(e =>
        {
            e.ToTable("attachment");
            e.HasKey(a => new { a.Level, a.Resource, a.Number });
        });
        modelBuilder.Entity<BinStudy>(e =>
        {
            e.ToTable("bin");
            e.HasIndex(b => b.DueAt, "ix_bin_due");
        });
        modelBuilder.Entity<BinFile>(e =>
        {
            e.ToTable("bin_file");
            e.Property(f => f.BinId).HasColumnName("bin");
            e.HasKey(f => f.Key);
            e.HasIndex(f => f.BinId, "ix_bin_file_bin");
        });
        modelBuilder.Entity<TrashEntry>(e =>
        {
            e.ToTable("trash");
            e.HasKey(t => t.Key);
            e.HasIndex(t => t.DueAt, "ix_trash_due");
        });
        modelBuilder.Entity<Setting>(e =>
        {
            e.ToTable("setting");
            e.HasKey(s => s.Name);
        });

        foreach (var property in modelBuilder.Model.GetEntityTypes().SelectMany(t => t.GetProperties()))
        {
            if (property.FindAnnotation("Relational:ColumnName") is null)
            {
                property.SetColumnName(SnakeCase(property.Name));
            }
        }
    }

    private static string SnakeCase(string name)
    {
        var text = new StringBuilder(name.Length + 8);
        foreach (var c in name)
        {
            if (char.IsAsciiLetterUpper(c) && text.Length > 0)
            {
                text.Append('_');
            }
            text.Append(char.ToLowerInvariant(c));
        }
        return text.ToString();
    }

    private sealed class ResourceIdConverter() : ValueConverter<ResourceId, byte[]>(id => id.ToBytes(), bytes => ResourceId.FromBytes(bytes));

    private sealed class UnixMillisecondsConverter()
        : ValueConverter<DateTimeOffset, long>(at => at.ToUnixTimeMilliseconds(), ms => DateTimeOffset.FromUnixTimeMilliseconds(ms));
}
