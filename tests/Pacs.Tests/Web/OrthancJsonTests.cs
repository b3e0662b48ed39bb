using System.Text;
using System.Text.Json.Nodes;
using Pacs.Web.Orthanc;

namespace Pacs.Tests;

public sealed class OrthancJsonTests
{
    private static string Write(string json) => Encoding.UTF8.GetString(OrthancJson.ToUtf8(JsonNode.Parse(json)!));

    [Fact]
    public void Objects_have_sorted_keys_and_three_blanks() => Assert.Equal(
        "{\n   \"A\" : 1,\n   \"B\" : null,\n   \"C\" : \"x\"\n}",
        Write("""{"C":"x","A":1,"B":null}"""));

    [Fact]
    public void Arrays_of_objects_start_on_a_line_of_their_own() => Assert.Equal(
        "{\n   \"Changes\" : \n   [\n      {\n         \"Seq\" : 1\n      }\n   ],\n   \"Done\" : true\n}",
        Write("""{"Done":true,"Changes":[{"Seq":1}]}"""));

    [Theory]
    [InlineData("""{"A":[]}""", "{\n   \"A\" : []\n}")]
    [InlineData("""{"A":{}}""", "{\n   \"A\" : {}\n}")]
    [InlineData("""["a","b"]""", "[ \"a\", \"b\" ]")]
    [InlineData("""{"A":["a","b"]}""", "{\n   \"A\" : [ \"a\", \"b\" ]\n}")]
    [InlineData("[]", "[]")]
    public void Short_arrays_stay_on_one_line(string json, string expected) => Assert.Equal(expected, Write(json));

    [Fact]
    public void Long_arrays_have_one_value_on_each_line()
    {
        var id = "5b649bfb-70d2d16b-5b8129ee-6d6571da-15187413";
        Assert.Equal($"[\n   \"{id}\",\n   \"{id}\"\n]", Write($"""["{id}","{id}"]"""));
    }

    [Fact]
    public void Umlauts_stay_and_quotes_are_escaped() => Assert.Equal("[ \"Jörg \\\"<b>\\\"\" ]", Write("""["Jörg \"<b>\""]"""));
}
