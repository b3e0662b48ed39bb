using System.Text;
using System.Text.Json.Nodes;
using Pacs.Web.Orthanc;

namespace Pacs.Tests;

public sealed class OrthancJsonTests
{
    private static string Write(string text)
    {
        using var json = new OrthancJsonWriter();
        json.Write(JsonNode.Parse(text));
        return Encoding.UTF8.GetString(json.Written.Span);
    }

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
    [InlineData("""["a","b"]""", "[\n   \"a\",\n   \"b\"\n]")]
    [InlineData("""{"A":["a","b"]}""", "{\n   \"A\" : \n   [\n      \"a\",\n      \"b\"\n   ]\n}")]
    [InlineData("[]", "[]")]
    [InlineData("""[[],[[1]],{}]""", "[\n   [],\n   [\n      [\n         1\n      ]\n   ],\n   {}\n]")]
    [InlineData("""{"A":{"B":[{}]},"C":1.5}""", "{\n   \"A\" : \n   {\n      \"B\" : \n      [\n         {}\n      ]\n   },\n   \"C\" : 1.5\n}")]
    public void Arrays_have_one_value_on_each_line_and_empty_ones_none(string json, string expected) => Assert.Equal(expected, Write(json));

    [Fact]
    public void Umlauts_stay_and_quotes_are_escaped() => Assert.Equal("[\n   \"Jörg \\\"<b>\\\"\"\n]", Write("""["Jörg \"<b>\""]"""));
}
