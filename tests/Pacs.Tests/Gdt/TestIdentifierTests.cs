using System.Globalization;
using Pacs.Gdt;

namespace Pacs.Tests;

public sealed class TestIdentifierTests
{
    [Fact]
    public void Numbers_are_printed_as_python_prints_them()
    {
        var lines = File.ReadAllLines(GoldenFile.Path("python-numbers.tsv"));
        Assert.True(lines.Length > 500);
        foreach (var line in lines)
        {
            var (bits, expected) = line.Split('\t') is [var b, var e] ? (b, e) : throw new InvalidDataException();
            var value = BitConverter.Int64BitsToDouble(long.Parse(bits, NumberStyles.HexNumber, CultureInfo.InvariantCulture));
            Assert.Equal(expected, TestIdentifier.Number(value));
        }
    }

    [Fact]
    public void Identifiers_are_made_as_python_made_them()
    {
        foreach (var line in File.ReadAllLines(GoldenFile.Path("python-identifiers.tsv")))
        {
            var (id, expected) = line.Split('\t') is [var i, var e] ? (i, e) : throw new InvalidDataException();
            Assert.Equal(expected, TestIdentifier.Compatible(id));
        }
    }

    [Theory]
    [InlineData("2D mode", "Left Ventricular Ejection Fraction", "EC2DLVEF")]
    [InlineData("M mode", "Left Ventricle Posterior Wall % Thickening", "ECM LVPW%T")]
    [InlineData("X", "Stroke Volume", "ECXSV")]
    [InlineData("2D mode", " Stroke  Volume ", "EC2DSV")]
    [InlineData("", "", "EC")]
    [InlineData("😀😀😀", "😀x y", "EC😀😀😀y")]
    public void Initials_are_taken_from_the_image_mode_and_the_words_of_the_name(string source, string name, string id) =>
        Assert.Equal(id, TestIdentifier.Initials(source, name));

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public void What_is_no_number_is_not_printed(double value) => Assert.Throws<ArgumentOutOfRangeException>(() => TestIdentifier.Number(value));
}
