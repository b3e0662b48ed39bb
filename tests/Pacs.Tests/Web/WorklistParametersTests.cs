using Pacs.Storage;
using Pacs.Web.Worklist;

namespace Pacs.Tests.Web;

public sealed class WorklistParametersTests
{
    private const string Good = "id=12345&lastname=Doe&firstname=John&birthdate=01.01.1900&sex=1&modality=US&scheduledStation=US01&procedure=Abdomen&physician=Mustermann%5EMax";

    [Fact]
    public void All_parameters_become_the_order()
    {
        var order = Read(Good);
        Assert.Equal(
            new WorklistOrder
            {
                PatientId = "12345",
                PatientName = "Doe^John",
                BirthDate = new DateOnly(1900, 1, 1),
                Sex = "M",
                Modality = "US",
                StationAe = "US01",
                Procedure = "Abdomen",
                PerformingPhysician = "Mustermann^Max",
                Source = "http",
            },
            order);
    }

    [Fact]
    public void The_legacy_names_and_the_defaults_of_the_old_plugin_count()
    {
        // "name" is the last and "surname" the first name: so do the scripts in the offices
        var order = Read("id=1&name=M%C3%BCller&surname=J%C3%B6rg&birthdate=31.12.1980&sex=2&procedure=Schilddr%C3%BCse");
        Assert.Equal(("Müller^Jörg", "F", "US", "US01", "Schilddrüse", null), (order.PatientName, order.Sex, order.Modality, order.StationAe, order.Procedure, order.PerformingPhysician));
    }

    [Theory]
    [InlineData("lastname=A&firstname=B&name=C&surname=D", "A^B")]
    [InlineData("lastname=A&name=C&surname=D", "C^D")]
    [InlineData("firstname=B&name=C&surname=D", "C^D")]
    [InlineData("lastname=A&firstname=", "A")]
    [InlineData("lastname=A&firstname=B%5EC", "A^B^C")]
    [InlineData("lastname=%20A%20&firstname=%09B", "A^B")]
    [InlineData("lastname=Mu%CC%88ller&firstname=B", "Müller^B")] // u and a combining diaeresis, as macOS sends it
    public void Names(string names, string expected) => Assert.Equal(expected, Read($"id=1&birthdate=1.1.1980&sex=1&{names}").PatientName);

    [Theory]
    [InlineData("M%C3%BCller", "Müller")]
    [InlineData("M%FCller", "Müller")] // PHP's urlencode of Windows-1252
    [InlineData("M%fcller", "Müller")]
    [InlineData("%8Aimek+%80", "Šimek €")]
    [InlineData("M%C3%BCller%", "Müller%")]
    [InlineData("100%25", "100%")]
    [InlineData("a%2Bb", "a+b")]
    [InlineData("a+b", "a b")]
    [InlineData("%F0%9F%98%80", "😀")]
    [InlineData("a%zz", "a%zz")]
    [InlineData("a%2", "a%2")]
    public void Percent_encoding_is_UTF_8_or_Windows_1252(string encoded, string expected) => Assert.Equal(expected, QueryText.Parse($"?x={encoded}").Single().Value);

    [Theory]
    [InlineData("01.01.1900", 1900, 1, 1)]
    [InlineData("1.1.1900", 1900, 1, 1)] // the old plugin wrote 190011
    [InlineData("9.12.2001", 2001, 12, 9)]
    [InlineData("1900-01-01", 1900, 1, 1)] // the old plugin failed
    [InlineData("29.02.2024", 2024, 2, 29)]
    [InlineData("22.11.2026", 2026, 11, 22)] // today: a newborn
    public void Birth_dates(string text, int year, int month, int day) => Assert.Equal(new DateOnly(year, month, day), Read(Good.Replace("01.01.1900", text)).BirthDate);

    [Theory]
    [InlineData("0", "O")]
    [InlineData("1", "M")]
    [InlineData("2", "F")]
    [InlineData("3", "O")]
    public void Sexes(string code, string expected) => Assert.Equal(expected, Read(Good.Replace("sex=1", $"sex={code}")).Sex);

    [Fact]
    public void An_order_without_a_procedure_is_an_order()
    {
        Assert.Null(Read(Good.Replace("&procedure=Abdomen", "")).Procedure);
        Assert.Null(Read(Good.Replace("procedure=Abdomen", "procedure=")).Procedure);
        Assert.Null(Read(Good.Replace("procedure=Abdomen", "procedure=%20")).Procedure);
    }

    [Theory]
    [InlineData("id=12345", "", "The parameter 'id' is missing.")]
    [InlineData("id=12345", "id=", "The parameter 'id' is empty.")]
    [InlineData("id=12345", "id=%20%20", "The parameter 'id' is empty.")]
    [InlineData("id=12345", "id", "The parameter 'id' is empty.")]
    [InlineData("id=12345", "id=1&id=2", "The parameter 'id' is given twice.")]
    [InlineData("id=12345", "ID=1", "The parameter 'id' is missing.")]
    [InlineData("id=12345", "id=1%5C2", "The parameter 'id' must not contain a backslash.")]
    [InlineData("id=12345", "id=1%0D%0A0138000", "The parameter 'id' contains a control character.")]
    [InlineData("id=12345", "id=1%00", "The parameter 'id' contains a control character.")]
    [InlineData("id=12345", "id=1%C2%852", "The parameter 'id' contains a control character.")]
    [InlineData("id=12345", "id=1%E2%80%A8x", "The parameter 'id' contains a control character.")]
    [InlineData("id=12345", "id=%E5%B1%B1", "The parameter 'id' has a character that GDT cannot carry: only those of ISO 8859-15 are allowed.")]
    [InlineData("id=12345", "id=<65 digits>", "The parameter 'id' is too long: 64 characters at most.")]
    [InlineData("lastname=Doe&", "", "The parameter 'lastname' is missing.")]
    [InlineData("lastname=Doe&", "name=Doe&", "The parameter 'lastname' is missing.")]
    [InlineData("lastname=Doe", "lastname=", "The parameter 'lastname' is empty.")]
    [InlineData("firstname=John&", "", "The parameter 'firstname' is missing.")]
    [InlineData("lastname=Doe", "lastname=<65 digits>", "The parameter 'lastname' is too long: 64 characters at most.")]
    [InlineData("lastname=Doe", "lastname=<60 digits>", "The parameters 'lastname' and 'firstname' are too long together: 63 characters at most.")]
    [InlineData("lastname=Doe", "lastname=A%5EB%5EC%5ED%5EE", "The parameters 'lastname' and 'firstname' have more than five name components.")]
    [InlineData("lastname=Doe", "lastname=A=B", "The parameter 'lastname' must not contain an equals sign.")]
    [InlineData("birthdate=01.01.1900&", "", "The parameter 'birthdate' is missing.")]
    [InlineData("birthdate=01.01.1900", "birthdate=", "The parameter 'birthdate' is empty.")]
    [InlineData("birthdate=01.01.1900", "birthdate=00.00.0000", "The parameter 'birthdate' must be a day in the past such as 31.12.1980.")]
    [InlineData("birthdate=01.01.1900", "birthdate=31.02.1980", "The parameter 'birthdate' must be a day in the past such as 31.12.1980.")]
    [InlineData("birthdate=01.01.1900", "birthdate=1.1.80", "The parameter 'birthdate' must be a day in the past such as 31.12.1980.")]
    [InlineData("birthdate=01.01.1900", "birthdate=01/01/1900", "The parameter 'birthdate' must be a day in the past such as 31.12.1980.")]
    [InlineData("birthdate=01.01.1900", "birthdate=23.11.2026", "The parameter 'birthdate' must be a day in the past such as 31.12.1980.")]
    [InlineData("birthdate=01.01.1900", "birthdate=01.01.0001", "The parameter 'birthdate' must be a day in the past such as 31.12.1980.")]
    [InlineData("sex=1&", "", "The parameter 'sex' is missing.")]
    [InlineData("sex=1", "sex=4", "The parameter 'sex' must be 0, 1 (male), 2 (female) or 3.")]
    [InlineData("sex=1", "sex=M", "The parameter 'sex' must be 0, 1 (male), 2 (female) or 3.")]
    [InlineData("modality=US", "modality=U%C3%9C", "The parameter 'modality' must be letters, digits, blanks and underscores.")]
    [InlineData("modality=US", "modality=ABCDEFGHIJKLMNOPQ", "The parameter 'modality' is too long: 16 characters at most.")]
    [InlineData("scheduledStation=US01", "scheduledStation=%C3%9C", "The parameter 'scheduledStation' must be an AE title: characters of ASCII only.")]
    [InlineData("scheduledStation=US01", "scheduledStation=ABCDEFGHIJKLMNOPQ", "The parameter 'scheduledStation' is too long: 16 characters at most.")]
    [InlineData("procedure=Abdomen", "procedure=<65 digits>", "The parameter 'procedure' is too long: 64 characters at most.")]
    [InlineData("procedure=Abdomen", "procedure=A%09B", "The parameter 'procedure' contains a control character.")]
    [InlineData("physician=Mustermann%5EMax", "physician=A%5EB%5EC%5ED%5EE%5EF", "The parameter 'physician' has more than five name components.")]
    [InlineData("physician=Mustermann%5EMax", "physician=A%3DB", "The parameter 'physician' must not contain an equals sign.")]
    public void What_no_device_could_use_is_refused_with_one_sentence(string instead, string of, string expected)
    {
        var query = Good.Replace(instead, of).Replace("<65 digits>", new string('1', 65)).Replace("<60 digits>", new string('1', 60));
        Assert.False(WorklistParameters.TryRead(query, new DateOnly(2026, 11, 22), out var order, out var problem));
        Assert.Null(order);
        Assert.Equal(expected, problem);
    }

    [Fact]
    public void Parameters_nobody_knows_are_ignored_as_before() => Assert.Equal("12345", Read(Good + "&foo=%00&foo=2&=&&x").PatientId);

    private static WorklistOrder Read(string query)
    {
        Assert.True(WorklistParameters.TryRead("?" + query, new DateOnly(2026, 11, 22), out var order, out var problem), problem);
        return order!;
    }
}
