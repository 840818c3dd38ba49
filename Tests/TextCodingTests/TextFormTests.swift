import Testing

@testable import TextCoding

/// Bytes and times as text.
@Suite struct TextFormTests {
    /// RFC 4648, section 10, and the two letters that differ from plain base64.
    @Test(arguments: [
        ("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg"), ("foobar", "Zm9vYmFy"),
    ])
    func base64URL(_ text: String, _ encoded: String) {
        #expect(Base64URL.encode(text.utf8) == encoded)
        #expect(Base64URL.decode(encoded) == Array(text.utf8))
    }

    @Test func base64URLsOwnLetters() {
        #expect(Base64URL.encode([0xFB, 0xFF]) == "-_8")
        #expect(Base64URL.decode("-_8") == [0xFB, 0xFF])
    }

    @Test(arguments: ["+/8", "a", "Zm9v!", "Z m", "é", "Zg=", "Zg==x"]) func invalidBase64URLIsRejected(_ text: String)
    {
        #expect(Base64URL.decode(text) == nil)
    }

    @Test func hexadecimal() {
        #expect(Hexadecimal.encode([0, 0x0F, 0xA5, 0xFF]) == "000fa5ff")
        #expect(Hexadecimal.random(bytes: 16).utf8.count == 32)
        #expect(Hexadecimal.random(bytes: 16) != Hexadecimal.random(bytes: 16))
    }

    /// Leap days by the rules of 4, 100 and 400 years, both sides of the epoch.
    @Test(arguments: [
        (0, 1970, 1, 1, 4), (-1, 1969, 12, 31, 3), (951_782_400, 2000, 2, 29, 2), (951_868_800, 2000, 3, 1, 3),
        (4_107_456_000, 2100, 2, 28, 0), (4_107_542_400, 2100, 3, 1, 1), (1_709_164_800, 2024, 2, 29, 4),
        (-2_203_891_200, 1900, 3, 1, 4), (253_402_300_799, 9999, 12, 31, 5),
    ])
    func civilDate(_ seconds: Int, _ year: Int, _ month: Int, _ day: Int, _ weekday: Int) throws {
        let date = CivilDate(secondsSince1970: Int64(seconds))
        #expect([date.year, date.month, date.day, date.weekday] == [year, month, day, weekday])
        #expect(date.secondsSince1970 == Int64(seconds))
    }

    @Test(arguments: [
        [2023, 2, 29, 0, 0, 0], [2100, 2, 29, 0, 0, 0], [2024, 4, 31, 0, 0, 0], [2024, 13, 1, 0, 0, 0],
        [2024, 0, 1, 0, 0, 0], [2024, 1, 0, 0, 0, 0], [2024, 1, 1, 24, 0, 0], [2024, 1, 1, 0, 60, 0],
        [2024, 1, 1, 0, 0, 61], [0, 1, 1, 0, 0, 0], [10_000, 1, 1, 0, 0, 0],
    ])
    func invalidDatesAreRejected(_ parts: [Int]) {
        #expect(
            CivilDate(
                year: parts[0], month: parts[1], day: parts[2], hour: parts[3], minute: parts[4], second: parts[5])
                == nil)
    }

    @Test func aLeapSecondCountsAsTheSecondBefore() {
        #expect(CivilDate(year: 2016, month: 12, day: 31, hour: 23, minute: 59, second: 60)?.second == 59)
    }

    /// The three forms of RFC 9110, section 5.6.7: all the same moment.
    @Test(arguments: [
        "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994",
    ])
    func httpDates(_ text: String) {
        let now = Timestamp(seconds: 1_000_000_000)
        #expect(Timestamp(httpDate: text, now: now) == Timestamp(seconds: 784_111_777))
    }

    @Test(arguments: ["", "Sun", "Sun, 06 Nov 1994", "Sun, 32 Nov 1994 08:49:37 GMT", "Sun, 06 Foo 1994 08:49:37 GMT"])
    func invalidHTTPDatesAreRejected(_ text: String) {
        #expect(Timestamp(httpDate: text) == nil)
    }

    @Test func timesAsText() {
        let time = Timestamp(seconds: 784_111_777, nanoseconds: 5)
        #expect(time.httpDate == "Sun, 06 Nov 1994 08:49:37 GMT")
        #expect(time.rfc3339 == "1994-11-06T08:49:37Z")
        #expect(Timestamp(rfc3339: "1994-11-06T08:49:37.000000005Z") == time)
        #expect(Timestamp(rfc3339: "1994-11-06T08:49:37.5Z")?.nanoseconds == 500_000_000)
        for text in ["", "1994-11-06", "1994-11-06T08:49:37", "1994-11-06T08:49Z", "1994-11-06T08:49:37.xZ"] {
            #expect(Timestamp(rfc3339: text) == nil)
        }
    }
}
